import type { LoadFile } from '../file/load-file.ts';
import type { JobRef, Lane, StatementRef } from '../lane/lane.ts';
import type { JobPart } from '../load/job-document.ts';
import type { PartitionJob } from '../load/partition.ts';
import type { LoadError } from '../recover/load-error.ts';

/** A job that did not commit, for certain, or that could not even be submitted. */
export interface FailedJob {
  readonly lane: Lane;
  /** Null when the failure came before there was one. */
  readonly job: JobRef | null;
  readonly statement: StatementRef | null;
  readonly error: LoadError;
  /** Those that waited for it. */
  readonly files: readonly LoadFile[];
  /** Of a replacement: files of it that were loaded before, and are so still. */
  readonly survivors?: readonly LoadFile[];
  /** Of a group: its files by their targets. */
  readonly parts?: readonly JobPart[];
  /** The partition that it was to replace. */
  readonly partition?: PartitionJob;
  /** Where COPY read each file, when that is not its own place. */
  readonly loadUrlOf?: (file: LoadFile) => string;
}
