/** A file that waits with an error, or was put aside. */
export interface FailureEntry {
  readonly target: string;
  readonly url: string;
  readonly state: 'quarantined' | 'waiting';
  readonly error: string;
  readonly code: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly rawValue: string | null;
  readonly hint: string | null;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Which files a command means: those to which all of it applies, so all that there are when it is empty. */
export interface FileSelection {
  readonly target?: string;
  /** A whole `s3://bucket/key`, or the beginning of one. */
  readonly prefix?: string;
  /** Whole addresses: `s3://bucket/key`. */
  readonly urls?: readonly string[];
  /** Only what failed at this instant or later: epoch ms. */
  readonly since?: number;
  /** Only what failed before this instant: epoch ms. */
  readonly until?: number;
}
