import type { EpochMs } from '../ports/time.ts';

/** How a job ended for its lane. */
export type SettleOutcome =
  | { readonly kind: 'loaded'; readonly files: number; readonly rows: number | null }
  /** The job failed; what is left of its files waits until `dueAt`. */
  | { readonly kind: 'retrying'; readonly dueAt: EpochMs; readonly code: string }
  | { readonly kind: 'held'; readonly until: EpochMs; readonly code: string }
  /** The warehouse is still at it. */
  | { readonly kind: 'running' }
  /** No job under way, or none that anyone may judge yet. */
  | { readonly kind: 'nothing' }
  /** Somebody else moved the lane first: nothing to do. */
  | { readonly kind: 'lost-race' };
