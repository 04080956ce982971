import { signal } from '@preact/signals';

/** Nobody is logged in (any more): the page says how to get a link. */
export const isLoggedOut = signal(false);

const NAME_KEY = 'millrace.name';

/** What who uses this browser calls themselves; their actions carry it. */
export const ownName = signal(readName());

export function keepName(name: string): void {
  ownName.value = name;
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

function readName(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? '';
  } catch {
    return '';
  }
}
