import { describe, expect, it } from 'vitest';
import { REGRESSIONS } from './regressions.ts';
import { runSeeds } from './run-seeds.ts';
import { type SeedReport, simulate } from './simulate.ts';

/** A sample: the whole of it is `npm run simulate -- --seeds 10000`. */
const SEEDS = 300;

const say = ({ seed, violations }: SeedReport): string =>
  `seed ${seed}: ${violations.map(({ checker, text }) => `${checker}: ${text}`).join('; ')}`;

describe('lanes under seeded faults', { timeout: 240_000 }, () => {
  it('load every good row once and come to rest, and a worker died at each await', async () => {
    const report = await runSeeds({ from: 1, seeds: SEEDS, isAimed: true });
    expect(report.failed.map(say)).toEqual([]);
    expect(report.fewest.lanes).toBeGreaterThanOrEqual(3);
    expect(report.fewest.files).toBeGreaterThanOrEqual(60);
    expect(report.fewest.faults).toBeGreaterThanOrEqual(20);
    expect(report.coverage.neverDied()).toEqual([]);
  });

  for (const { seed, why } of REGRESSIONS) {
    it(`hold where once ${why}`, async () => {
      expect((await simulate({ seed })).violations).toEqual([]);
    });
  }

  it('do the same for the same seed', async () => {
    const [one, other] = [
      await simulate({ seed: 7, isTold: true }),
      await simulate({ seed: 7, isTold: true }),
    ];
    expect(other.story).toEqual(one.story);
  });

  it('hold when most statements end badly', async () => {
    expect((await runSeeds({ from: 1, seeds: 3, isHarsh: true })).failed.map(say)).toEqual([]);
  });
});
