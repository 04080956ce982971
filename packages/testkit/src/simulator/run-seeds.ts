import { type Comer, Coverage } from './coverage.ts';
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
  /** What the lanes are like; by chance when nothing is said. */
  readonly kinds?: SimulateOptions['kinds'] | undefined;
  /** What is below the ports; models when nothing is said. */
  readonly open?: SimulateOptions['open'] | undefined;
  /** Afterwards, seeds that came to an await where nobody died are run again, and a worker dies there. */
  readonly isAimed?: boolean;
}

/** What many seeds came to. */
export interface RunReport {
  readonly seeds: number;
  /** Seeds that were run again with an aimed death. */
  readonly aimed: number;
  readonly failed: readonly SeedReport[];
  readonly files: number;
  readonly jobs: number;
  readonly faults: number;
  readonly faultsByKind: ReadonlyMap<FaultKind, number>;
  readonly coverage: Coverage;
  /** The least of any seed. */
  readonly fewest: { readonly lanes: number; readonly files: number; readonly faults: number };
}

/** Aimed seeds come to new awaits at times, and these are aimed at too; so many times. */
const MAX_AIM_ROUNDS = 3;

/** Runs seeds one after the other: a seed depends on nothing but its number. */
export async function runSeeds(options: RunOptions): Promise<RunReport> {
  const {
    from,
    seeds,
    without,
    onSeed,
    stopsAtFirst = false,
    isHarsh = false,
    open,
    kinds,
    isAimed = false,
  } = options;
  const coverage = new Coverage();
  const faultsByKind = new Map<FaultKind, number>();
  const failed: SeedReport[] = [];
  const total = { seeds: 0, aimed: 0, files: 0, jobs: 0, faults: 0 };
  const fewest = {
    lanes: Number.POSITIVE_INFINITY,
    files: Number.POSITIVE_INFINITY,
    faults: Number.POSITIVE_INFINITY,
  };
  const run = async ({ seed, aims }: Comer): Promise<void> => {
    const report = await simulate({
      seed,
      aims,
      isHarsh,
      ...(without === undefined ? {} : { without }),
      ...(kinds === undefined ? {} : { kinds }),
      ...(open === undefined ? {} : { open }),
    });
    total[aims.length === 0 ? 'seeds' : 'aimed'] += 1;
    total.files += report.files;
    total.jobs += report.jobs;
    total.faults += report.faults;
    fewest.lanes = Math.min(fewest.lanes, report.lanes);
    fewest.files = Math.min(fewest.files, report.files);
    fewest.faults = Math.min(fewest.faults, report.faults);
    coverage.add(report.coverage, { seed, aims });
    for (const [kind, count] of report.faultsByKind)
      faultsByKind.set(kind, (faultsByKind.get(kind) ?? 0) + count);
    if (report.violations.length > 0) failed.push(report);
    onSeed?.(report);
  };
  for (let seed = from; seed < from + seeds; seed += 1) {
    await run({ seed, aims: [] });
    if (stopsAtFirst && failed.length > 0) break;
  }
  // A seed does the same again up to the death that is aimed; what it does after it may lead to awaits that are new.
  for (let round = 0; isAimed && round < MAX_AIM_ROUNDS; round += 1) {
    for (const { aim, comers } of coverage.neverDied()) {
      for (const { seed, aims } of comers) {
        if (!coverage.hasDied(aim)) await run({ seed, aims: [...aims, aim] });
      }
    }
  }
  return { ...total, failed, faultsByKind, coverage, fewest };
}
