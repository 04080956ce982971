/** The stations that a file passes, in this order. */
export const TRACE_STEPS = [
  /** What the store has at the address now. */
  'object',
  /** Which targets take files from there. */
  'route',
  /** Somebody told of it, or a listing found it. */
  'arrival',
  /** Its place before the target: in line, put aside, or through. */
  'line',
  /** The load job that took it. */
  'job',
  /** What the warehouse was given to run. */
  'statement',
  /** The receipt: the proof that its rows are there. */
  'commit',
  /** What happened to the object afterwards. */
  'after',
] as const;
export type TraceStepName = (typeof TRACE_STEPS)[number];

/**
 * - `done`: it passed here.
 * - `waiting`: it is here now, and goes on by itself.
 * - `stopped`: it is here now, and somebody has to act; `todo` says how.
 * - `ahead`: not reached yet.
 * - `unknown`: nobody could say; the text tells why.
 */
export type TraceMark = 'done' | 'waiting' | 'stopped' | 'ahead' | 'unknown';

/** One line of a file's story. */
export interface TraceStep {
  readonly step: TraceStepName;
  readonly mark: TraceMark;
  /** The finding as a word that does not change: `not-due`, `lane-busy`, `held`, `quarantined` … */
  readonly code: string;
  /** ISO 8601, UTC; null: nobody wrote down when, or it has not happened. */
  readonly at: string | null;
  /** What is known, as a sentence without a full stop. */
  readonly text: string;
  /** What to do about it; null: nothing. */
  readonly todo: string | null;
}

/** The load job of a file, with what was sent to the warehouse. */
export interface TracedJob {
  readonly id: string;
  readonly attempt: number;
  /** `lost`: only its receipt is left, its story is not kept any more. */
  readonly state: 'submitting' | 'running' | 'loaded' | 'failed' | 'lost';
  /** `<db>/<schema.table>/<job>/<attempt>` */
  readonly statementName: string;
  /** The warehouse's own id; null when nobody knows it (any more). */
  readonly statementId: string | null;
  /** ISO 8601, UTC, each. */
  readonly plannedAt: string;
  readonly submittedAt: string | null;
  readonly settledAt: string | null;
  readonly files: number | null;
  readonly bytes: number | null;
  /** Of the whole job; null where the warehouse does not tell, and before it is settled. */
  readonly rows: number | null;
  readonly error: string | null;
  /** Byte for byte what was sent; null when the job's document is gone. */
  readonly sql: readonly string[] | null;
  readonly documentUrl: string;
}

/** Why a file waits or was put aside. */
export interface TracedEvidence {
  readonly code: string;
  readonly reason: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly rawValue: string | null;
  readonly hint: string | null;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * Where one version of a key stands before one target.
 *
 * `unseen`: a route takes it, and nobody has told of it. `unknown`: the warehouse could not be asked, and the tracker knows
 * nothing of it (it may have forgotten what is loaded).
 */
export type TracedState =
  | 'unseen'
  | 'waiting'
  | 'loading'
  | 'loaded'
  | 'quarantined'
  | 'superseded'
  | 'unknown';

/** The story of one version of a key before one target. */
export interface TracedFile {
  readonly target: string;
  /** The file's identity as 32 hex digits. */
  readonly id: string;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly versionId: string | null;
  /** Whether the store has these very bytes at the address now. */
  readonly isCurrent: boolean;
  readonly state: TracedState;
  readonly job: TracedJob | null;
  readonly evidence: TracedEvidence | null;
  /** From `arrival` on, in the order of the stations. */
  readonly steps: readonly TraceStep[];
}

/** All that is known of an address: for people, as `millrace trace --json` prints it. */
export interface TraceReport {
  readonly url: string;
  /** One sentence: where the newest version stands, and why it is not loaded if it is not. */
  readonly summary: string;
  /** `object` and `route`: what holds for all versions and targets. */
  readonly steps: readonly TraceStep[];
  /** Every version that is known, per target; the newest first. Empty: no target ever heard of the address. */
  readonly files: readonly TracedFile[];
}

export interface TraceRequest {
  /** A whole `s3://bucket/key`. */
  readonly url: string;
  /** Only the story before this target. */
  readonly target?: string;
}
