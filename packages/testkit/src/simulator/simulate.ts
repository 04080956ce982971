import { type Backing, type BackingParts, openModel } from './backing.ts';
import { type Aim, Coverage } from './coverage.ts';
import type { FaultKind } from './fault-plan.ts';
import type { LaneKind } from './lane-kind.ts';
import type { Mechanism } from './mechanism.ts';
import type { Violation } from './story.ts';
import { World } from './world.ts';

export interface SeedReport {
  readonly seed: number;
  /** Where a worker died for certain. */
  readonly aims: readonly Aim[];
  readonly violations: readonly Violation[];
  /** What happened, in order; empty unless it was asked for. */
  readonly story: readonly string[];
  readonly lanes: number;
  /** Versions of files that were written. */
  readonly files: number;
  /** Load jobs that committed. */
  readonly jobs: number;
  readonly faults: number;
  readonly faultsByKind: ReadonlyMap<FaultKind, number>;
  readonly coverage: Coverage;
}

export interface SimulateOptions {
  readonly seed: number;
  /** Taken away, to see that somebody notices. */
  readonly without?: Mechanism;
  readonly isTold?: boolean;
  /** Most statements end badly; so is each seed that lacks a mechanism. */
  readonly isHarsh?: boolean;
  /** Awaits where a worker dies for certain. */
  readonly aims?: readonly Aim[];
  /** What the lanes are like; by chance when nothing is said. */
  readonly kinds?: readonly LaneKind[];
  /** What is below the ports; models when nothing is said. */
  readonly open?: (parts: BackingParts) => Promise<Backing>;
}

/** Runs one seed, from the first file to the last check. The same seed does the same. */
export async function simulate(options: SimulateOptions): Promise<SeedReport> {
  const {
    seed,
    without,
    isTold = false,
    isHarsh = false,
    aims = [],
    kinds = null,
    open = openModel,
  } = options;
  const coverage = new Coverage();
  const world = await World.make(
    { seed, coverage, without: without ?? null, isTold, isHarsh, aims, kinds },
    open,
  );
  try {
    await world.run();
  } finally {
    await world.close();
  }
  const { story, lanes, lake, checks, faults } = world;
  return {
    seed,
    aims,
    violations: story.violations,
    story: story.lines,
    lanes: lanes.length,
    files: lake.versions,
    jobs: checks.commits.length,
    faults: faults.total,
    faultsByKind: faults.counts,
    coverage,
  };
}
