import type { Evidence, LoadFile } from '../file/load-file.ts';
import type { JobRef } from '../lane/lane.ts';
import type { EpochMs } from '../ports/time.ts';

/** What the verbs tell whoever shows progress, counts or alerts. Nothing is decided by it. */
export type LoaderEvent =
  | { readonly kind: 'files-waiting'; readonly target: string; readonly files: number; readonly at: EpochMs }
  | {
      readonly kind: 'file-aside';
      readonly target: string;
      readonly status: 'superseded' | 'quarantined';
      readonly file: LoadFile;
      readonly evidence: Evidence;
      readonly at: EpochMs;
    }
  | { readonly kind: 'job-submitted'; readonly target: string; readonly job: JobRef; readonly at: EpochMs }
  /** `newestArrivalAt`, `oldestArrivalAt`: of the job's files; freshness is `at` minus those. */
  | {
      readonly kind: 'table-loaded';
      readonly target: string;
      readonly job: JobRef;
      readonly rows: number | null;
      readonly oldestArrivalAt: EpochMs;
      readonly newestArrivalAt: EpochMs;
      readonly arrivals: readonly EpochMs[];
      readonly at: EpochMs;
    }
  | {
      readonly kind: 'job-failed';
      readonly target: string;
      readonly job: JobRef;
      readonly code: string;
      readonly reason: string;
      readonly at: EpochMs;
    }
  /** A table has a column more, or a longer one, because a file asked for it. */
  | {
      readonly kind: 'table-changed';
      readonly target: string;
      readonly column: string;
      readonly statement: string;
      readonly fileUrl: string;
      readonly at: EpochMs;
    }
  | {
      readonly kind: 'lane-held';
      readonly target: string;
      readonly code: string;
      readonly reason: string;
      readonly until: EpochMs;
      readonly at: EpochMs;
    }
  /**
   * All lanes wait: the warehouse is away since `since`. Told once when it is found, and once more when the outage has
   * lasted longer than it may. `target`: the lane that looked.
   */
  | {
      readonly kind: 'warehouse-held';
      readonly target: string;
      readonly reason: string;
      readonly since: EpochMs;
      readonly isOverdue: boolean;
      readonly at: EpochMs;
    }
  /** It is back. */
  | {
      readonly kind: 'warehouse-back';
      readonly target: string;
      readonly since: EpochMs;
      readonly at: EpochMs;
    };
