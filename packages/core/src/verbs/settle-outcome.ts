import type { Lane } from '../lane/lane.ts';
import type { EpochMs } from '../ports/time.ts';

/** How a job ended for its lane. */
export type SettleOutcome =
  /** `lane`: as it was left. When it is idle nothing waits. */
  | { readonly kind: 'loaded'; readonly files: number; readonly rows: number | null; readonly lane: Lane }
  /** The job failed; what is left of its files waits until `dueAt`. */
  | { readonly kind: 'retrying'; readonly dueAt: EpochMs; readonly code: string }
  | { readonly kind: 'held'; readonly until: EpochMs; readonly code: string }
  /** The warehouse is still at it. */
  | { readonly kind: 'running' }
  /** No job under way, or none that anyone may judge yet. */
  | { readonly kind: 'nothing' }
  /** Somebody else moved the lane first: nothing to do. */
  | { readonly kind: 'lost-race' };
