import { Coverage } from './coverage.ts';
import type { FaultKind } from './fault-plan.ts';
import type { Mechanism } from './mechanism.ts';
import { type SeedReport, type SimulateOptions, simulate } from './simulate.ts';

export interface RunOptions {
  readonly from: number;
  readonly seeds: number;
  readonly without?: Mechanism | undefined;
  readonly onSeed?: (report: SeedReport) => void;
  readonly isHarsh?: boolean;
  /** Stop at the first seed with a violation. */
  readonly stopsAtFirst?: boolean;
  /** What is below the ports; models when nothing is said. */
  readonly open?: SimulateOptions['open'] | undefined;
}

/** What many seeds came to. */
export interface RunReport {
  readonly seeds: number;
  readonly failed: readonly SeedReport[];
  readonly files: number;
  readonly jobs: number;
  readonly faults: number;
  readonly faultsByKind: ReadonlyMap<FaultKind, number>;
  readonly coverage: Coverage;
  /** The least of any seed. */
  readonly fewest: { readonly lanes: number; readonly files: number; readonly faults: number };
}

/** Runs seeds one after the other: a seed depends on nothing but its number. */
export async function runSeeds(options: RunOptions): Promise<RunReport> {
  const { from, seeds, without, onSeed, stopsAtFirst = false, isHarsh = false, open } = options;
  const coverage = new Coverage();
  const faultsByKind = new Map<FaultKind, number>();
  const failed: SeedReport[] = [];
  const total = { seeds: 0, files: 0, jobs: 0, faults: 0 };
  const fewest = {
    lanes: Number.POSITIVE_INFINITY,
    files: Number.POSITIVE_INFINITY,
    faults: Number.POSITIVE_INFINITY,
  };
  for (let seed = from; seed < from + seeds; seed += 1) {
    const report = await simulate({
      seed,
      isHarsh,
      ...(without === undefined ? {} : { without }),
      ...(open === undefined ? {} : { open }),
    });
    total.seeds += 1;
    total.files += report.files;
    total.jobs += report.jobs;
    total.faults += report.faults;
    fewest.lanes = Math.min(fewest.lanes, report.lanes);
    fewest.files = Math.min(fewest.files, report.files);
    fewest.faults = Math.min(fewest.faults, report.faults);
    coverage.add(report.coverage);
    for (const [kind, count] of report.faultsByKind)
      faultsByKind.set(kind, (faultsByKind.get(kind) ?? 0) + count);
    if (report.violations.length > 0) failed.push(report);
    onSeed?.(report);
    if (stopsAtFirst && failed.length > 0) break;
  }
  return { ...total, failed, faultsByKind, coverage, fewest };
}
