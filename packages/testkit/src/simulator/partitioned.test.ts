import { describe, expect, it } from 'vitest';
import { PARTITIONED_LANES } from './lane-kind.ts';
import { openReal } from './real-backing.ts';
import { runSeeds } from './run-seeds.ts';
import type { SeedReport } from './simulate.ts';

const SEEDS = 24;
const REAL_SEEDS = 3;

const say = ({ seed, violations }: SeedReport): string =>
  `seed ${seed}: ${violations.map(({ checker, text }) => `${checker}: ${text}`).join('; ')}`;

describe('lanes that replace partitions, under seeded faults,', { timeout: 240_000 }, () => {
  it('hold of each partition the rows of its last replacement, and a worker died at each await', async () => {
    const report = await runSeeds({ from: 1, seeds: SEEDS, kinds: PARTITIONED_LANES, isAimed: true });
    expect(report.failed.map(say)).toEqual([]);
    expect(report.coverage.neverDied()).toEqual([]);
  });

  it('do so on real SQL', async () => {
    const report = await runSeeds({ from: 1, seeds: REAL_SEEDS, kinds: PARTITIONED_LANES, open: openReal });
    expect(report.failed.map(say)).toEqual([]);
  });
});
