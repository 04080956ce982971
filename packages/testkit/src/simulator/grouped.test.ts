import { describe, expect, it } from 'vitest';
import { GROUPED_LANES } from './lane-kind.ts';
import { openReal } from './real-backing.ts';
import { runSeeds } from './run-seeds.ts';
import type { SeedReport } from './simulate.ts';

const SEEDS = 12;
const REAL_SEEDS = 3;

const say = ({ seed, violations }: SeedReport): string =>
  `seed ${seed}: ${violations.map(({ checker, text }) => `${checker}: ${text}`).join('; ')}`;

describe('lanes of a group, under seeded faults,', { timeout: 240_000 }, () => {
  it('show of a seal all or nothing, and a worker died at each await', async () => {
    const report = await runSeeds({ from: 1, seeds: SEEDS, kinds: GROUPED_LANES, isAimed: true });
    expect(report.failed.map(say)).toEqual([]);
    expect(report.coverage.neverDied()).toEqual([]);
  });

  it('do so on real SQL', async () => {
    const report = await runSeeds({ from: 1, seeds: REAL_SEEDS, kinds: GROUPED_LANES, open: openReal });
    expect(report.failed.map(say)).toEqual([]);
  });
});
