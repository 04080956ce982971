import { signal } from '@preact/signals';

/** What somebody is about to do, and is asked a reason for. */
export type Asked =
  | { readonly kind: 'pause' | 'resume'; readonly target: string | null; readonly title: string }
  | {
      readonly kind: 'redrive';
      readonly title: string;
      readonly selection: {
        readonly target?: string;
        readonly prefix?: string;
        readonly urls?: readonly string[];
      };
      readonly onDone?: () => void;
    }
  | {
      readonly kind: 'redrive-rejects';
      readonly title: string;
      readonly selection: {
        readonly type?: string;
        readonly code?: string;
        readonly ids?: readonly string[];
      };
      readonly onDone?: () => void;
    }
  | { readonly kind: 'cancel'; readonly target: string; readonly job: string; readonly title: string }
  | { readonly kind: 'reconcile'; readonly target: string | undefined; readonly title: string };

export const asked = signal<Asked | null>(null);
/** What came of the last action. */
export const told = signal<{ text: string; isGood: boolean } | null>(null);

export function askFor(what: Asked): void {
  asked.value = what;
}

let timer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string, isGood = true): void {
  clearTimeout(timer);
  told.value = { text, isGood };
  timer = setTimeout(() => {
    told.value = null;
  }, 8_000);
}
