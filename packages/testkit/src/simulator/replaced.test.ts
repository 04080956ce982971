import { describe, expect, it } from 'vitest';
import { REPLACED_LANES } from './lane-kind.ts';
import { openReal } from './real-backing.ts';
import { runSeeds } from './run-seeds.ts';
import type { SeedReport } from './simulate.ts';

const SEEDS = 60;
const REAL_SEEDS = 4;

const say = ({ seed, violations }: SeedReport): string =>
  `seed ${seed}: ${violations.map(({ checker, text }) => `${checker}: ${text}`).join('; ')}`;

describe('lanes that replace what was rewritten, under seeded faults,', { timeout: 240_000 }, () => {
  it('hold the old rows of a key or the new ones, and a worker died at each await', async () => {
    const report = await runSeeds({ from: 1, seeds: SEEDS, kinds: REPLACED_LANES, isAimed: true });
    expect(report.failed.map(say)).toEqual([]);
    expect(report.coverage.neverDied()).toEqual([]);
  });

  it('do so on real SQL', async () => {
    const report = await runSeeds({ from: 1, seeds: REAL_SEEDS, kinds: REPLACED_LANES, open: openReal });
    expect(report.failed.map(say)).toEqual([]);
  });
});
