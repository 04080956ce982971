import type { Tracker } from '@millrace/core';

export interface FairnessOptions {
  readonly seed: number;
  readonly lanes: number;
  readonly maxLoads: number;
  /** Files that wait in the busy lane at the start. */
  readonly backlog: number;
  /** Files that somebody backfills into the busy lane meanwhile. */
  readonly backfill: number;
  readonly maxFiles: number;
  readonly freshnessMs: number;
  /** A live lane gets a file so often on average, and all of them at the same instant, twice. */
  readonly everyFileMs: number;
  /** A load takes this, and some milliseconds for each of its files. */
  readonly loadMs: number;
  /** Live lanes get files for this long. */
  readonly lastsMs: number;
  /** Where lanes and files are kept. */
  readonly tracker: Tracker;
  readonly isTold?: boolean;
}

/** What is promised: half of the time of all places is needed by live lanes, a quarter by the busy one. */
export const FAIRNESS = {
  lanes: 200,
  maxLoads: 4,
  backlog: 50_000,
  backfill: 100_000,
  maxFiles: 1_000,
  freshnessMs: 300_000,
  everyFileMs: 60_000,
  loadMs: 2_500,
  lastsMs: 2_400_000,
} as const;

/** As many jobs of the busy lane, each of fewer files: for every push. */
export const SMALL_FAIRNESS = {
  ...FAIRNESS,
  backlog: 1_500,
  backfill: 3_000,
  maxFiles: 30,
  lastsMs: 1_200_000,
} as const;
