import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'millrace.theme';
const DARK = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(DARK.matches);

/** What somebody chose; `auto` follows the system. */
export const theme = signal<Theme>(read());

/** What is shown. */
export function isDark(): boolean {
  return theme.value === 'auto' ? systemIsDark.value : theme.value === 'dark';
}

/** From now on the document wears the theme. */
export function startTheme(): void {
  DARK.addEventListener('change', ({ matches }) => {
    systemIsDark.value = matches;
  });
  effect(() => {
    document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
  });
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // A browser that keeps nothing follows the system next time.
  }
}

function read(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'auto';
  } catch {
    return 'auto';
  }
}
