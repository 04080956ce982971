import type { FairnessOptions } from './fairness-options.ts';

export interface FairnessReport {
  readonly lanes: number;
  readonly files: number;
  readonly jobs: number;
  readonly freshnessMs: number;
  /** How old the live lanes' files were when their rows were there. */
  readonly live: {
    readonly files: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
  };
  /** The highest p99 of a single live lane. */
  readonly worstLaneP99Ms: number;
  readonly busy: {
    readonly files: number;
    readonly jobs: number;
    /** When its last file was loaded; null: not all of them are. */
    readonly doneAtMs: number | null;
    /** The longest time between two of its loads while it had files to load. */
    readonly longestWaitMs: number;
  };
  readonly violations: readonly string[];
}

/** What a run has measured. Instants count from its start. */
export interface FairnessMeasure {
  readonly lanes: number;
  readonly files: number;
  readonly jobs: number;
  /** Of each live lane. */
  readonly agesMs: readonly (readonly number[])[];
  /** Files of live lanes that nobody has loaded. */
  readonly notLoaded: number;
  readonly busyFiles: number;
  readonly busyCommits: readonly number[];
  /** What checkers found on the way. */
  readonly violations: readonly string[];
}

/** Sums up a run, and says what of it must not be: late live lanes, a busy one that starves. */
export function judgeFairness(
  { backlog, backfill, freshnessMs }: FairnessOptions,
  { agesMs, notLoaded, busyFiles, busyCommits, violations: found, ...counts }: FairnessMeasure,
): FairnessReport {
  const byLane = agesMs.map((ages) => ages.toSorted((a, b) => a - b));
  const ages = byLane.flat().toSorted((a, b) => a - b);
  const isDone = busyFiles >= backlog + backfill;
  const report = {
    ...counts,
    freshnessMs,
    live: {
      files: ages.length,
      p50Ms: valueAt(ages, 0.5),
      p99Ms: valueAt(ages, 0.99),
      maxMs: valueAt(ages, 1),
    },
    worstLaneP99Ms: Math.max(...byLane.map((one) => valueAt(one, 0.99))),
    busy: {
      files: busyFiles,
      jobs: busyCommits.length,
      doneAtMs: isDone ? (busyCommits.at(-1) ?? 0) : null,
      longestWaitMs: Math.max(0, ...busyCommits.map((at, index) => at - (busyCommits[index - 1] ?? at))),
    },
  };
  const violations = [...found];
  const limitMs = 2 * freshnessMs;
  const { live, busy } = report;
  if (live.p99Ms > limitMs)
    violations.push(`live lanes: the p99 of their freshness is ${live.p99Ms} ms, limit ${limitMs} ms`);
  if (notLoaded > 0) violations.push(`live lanes: ${notLoaded} files are not loaded`);
  if (!isDone) violations.push(`busy lane: ${busyFiles} of ${backlog + backfill} files are loaded`);
  if (busy.longestWaitMs > limitMs) {
    violations.push(`busy lane: it waited ${busy.longestWaitMs} ms for a load, limit ${limitMs} ms`);
  }
  return { ...report, violations };
}

/** The value below which a part of the sorted values is. */
function valueAt(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}
