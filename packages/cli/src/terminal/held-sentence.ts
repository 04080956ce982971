import { showText } from './show-text.ts';

/** Why nothing is loaded into a target: `public.t is held: …`; a pause says by itself that it is one. */
export function heldSentence(target: string, state: 'held' | 'paused', reason: string | null): string {
  if (reason === null) return `${target} is ${state}`;
  const why = showText(reason);
  return why.startsWith('paused by ') ? `${target} is ${why}` : `${target} is ${state}: ${why}`;
}
