/** `warn`: it works, or may; somebody should look. `fail`: files will not be loaded, or not as they should. */
export type CheckStatus = 'pass' | 'warn' | 'fail';

/** One thing that was looked at. */
export interface CheckResult {
  /** What was looked at, as a word that does not change, and of what: `table public.flights`, `clock`. */
  readonly check: string;
  readonly status: CheckStatus;
  /** What was found, as a sentence without a full stop. */
  readonly detail: string;
  /** What to do; null: nothing. */
  readonly fix: string | null;
}

/**
 * Something of the surroundings that only an adapter, or a composition root, can look at: a queue, a disk, a port.
 *
 * What cannot be found out is a result too. Whatever it throws all the same is told as a failed check.
 */
export interface Examination {
  /** What it looks at, for when it throws. */
  readonly check: string;
  examine(): Promise<readonly CheckResult[]>;
}

export interface DoctorRequest {
  /** Also runs the probes that write: a fake job, twice, with tables of its own that are dropped afterwards. */
  readonly live: boolean;
  /** Only what concerns this target, and what concerns all. */
  readonly target?: string;
}
