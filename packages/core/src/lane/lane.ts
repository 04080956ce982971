import type { EpochMs } from '../ports/time.ts';
import type { DataStreak } from '../recover/data-streak.ts';
import type { Pause } from '../recover/gate.ts';

/** The job that a lane has in hand: ids, counts and where its document is; never the list of its files. */
export interface JobRef {
  readonly id: string;
  /** 1 for the first submission of this file set; every resubmission with other SQL counts one up. */
  readonly attempt: number;
  readonly fence: number;
  readonly files: number;
  readonly bytes: number;
  /** Of a group's job: how many of the files are each target's. */
  readonly parts?: readonly { readonly target: string; readonly files: number }[];
  readonly documentUrl: string;
  /** SHA-256 of the document: a job is resubmitted byte for byte or not at all. */
  readonly documentHash: string;
  readonly submittedAt: EpochMs;
  /** The lane's `arrivals` when the job was planned, if it took all that waited: while they stand, nothing else does. */
  readonly takesAllAt?: number;
}

/** Names a statement in the warehouse: `<db>/<schema>.<table>/<job>/<attempt>` finds the lane without a look-up. */
export interface StatementRef {
  readonly name: string;
  /** The warehouse's own id of it. */
  readonly id: string;
}

/**
 * What a lane is doing.
 *
 * - `idle`: nothing waits. Left by an arrival.
 * - `waiting`: files wait until `dueAt`: for more files, or for a backoff to pass. With a `deadlineAt` they are due, and wait
 *   for a place on the warehouse; the nearest one goes first.
 * - `submitting`: the job is written down; nobody knows yet whether the warehouse took it. Left by `submit`, or, after
 *   `leaseUntil`, by whoever finds or resubmits the statement.
 * - `running`: the warehouse has the statement. Left by settling it. After `leaseUntil` the sweep looks.
 * - `held`: something that another attempt now would not mend. `until` is when the lane tries again by itself.
 * - `paused`: somebody said so, with a reason.
 */
export type LaneState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly dueAt: EpochMs; readonly deadlineAt?: EpochMs }
  | { readonly kind: 'submitting'; readonly job: JobRef; readonly leaseUntil: EpochMs }
  | {
      readonly kind: 'running';
      readonly job: JobRef;
      readonly statement: StatementRef;
      readonly leaseUntil: EpochMs;
    }
  | {
      readonly kind: 'held';
      readonly code: string;
      readonly reason: string;
      readonly since: EpochMs;
      readonly until: EpochMs;
    }
  | ({ readonly kind: 'paused' } & Pause);

/** The line of files before one target, and its lock. */
export interface Lane {
  readonly target: string;
  /** Moves with every transition; what transitions are conditional on. */
  readonly version: number;
  /** Moves with every intake; only intake writes it. */
  readonly arrivals: number;
  /** Grows with every claim and never starts again: the item is never deleted. */
  readonly fence: number;
  readonly state: LaneState;
  /** Somebody paused the lane while it had a job in hand: it is paused when the job has ended. */
  readonly pauseAsked: Pause | null;
  /** Failures in a row since the last success: what backoff grows with. */
  readonly failures: number;
  /** No job before this instant (backoff). */
  readonly notBeforeAt: EpochMs;
  /** How many of the oldest files hold a bad one that the warehouse did not name: jobs take half of them; null: none. */
  readonly suspects: number | null;
  /** Jobs that were refused for their data since the last one that loaded; null: none. */
  readonly streak: DataStreak | null;
  /** Exponential moving average of how long this lane's loads took; null before the first. */
  readonly loadMs: number | null;
  readonly loadedFiles: number;
  readonly loadedRows: number;
  readonly lastLoadedAt: EpochMs | null;
  /** The last job of its group that these count, where the group has another lane; else null. */
  readonly countedJob: string | null;
  /** Files of it were put aside at some time. Told by trackers whose `markLoaded` depends on it; only they write it. */
  readonly hasAside?: true;
}

export function freshLane(target: string): Lane {
  return {
    target,
    version: 0,
    arrivals: 0,
    fence: 0,
    state: { kind: 'idle' },
    pauseAsked: null,
    failures: 0,
    notBeforeAt: 0,
    suspects: null,
    streak: null,
    loadMs: null,
    loadedFiles: 0,
    loadedRows: 0,
    lastLoadedAt: null,
    countedJob: null,
  };
}
