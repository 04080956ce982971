import { describe, expect, it } from 'vitest';
import { findCatcher } from './find-catcher.ts';
import { MECHANISMS, type Mechanism } from './mechanism.ts';
import { REGRESSIONS } from './regressions.ts';
import { runSeeds } from './run-seeds.ts';
import { type SeedReport, simulate } from './simulate.ts';

/** A sample: the whole of it is `npm run simulate -- --seeds 10000`. */
const SEEDS = 40;
/** Seeds after which a missing mechanism must have been noticed. */
const MAX_SEEDS_TO_CATCH = 60;

const say = ({ seed, violations }: SeedReport): string =>
  `seed ${seed}: ${violations.map(({ checker, text }) => `${checker}: ${text}`).join('; ')}`;

describe('lanes under seeded faults', { timeout: 240_000 }, () => {
  it('load every good row once, and come to rest', async () => {
    const report = await runSeeds({ from: 1, seeds: SEEDS });
    expect(report.failed.map(say)).toEqual([]);
    expect(report.fewest.lanes).toBeGreaterThanOrEqual(3);
    expect(report.fewest.files).toBeGreaterThanOrEqual(60);
    expect(report.fewest.faults).toBeGreaterThanOrEqual(20);
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

describe('somebody notices when there is no', { timeout: 240_000 }, () => {
  for (const mechanism of Object.keys(MECHANISMS) as Mechanism[]) {
    it(mechanism, async () => {
      const { caughtBy } = await findCatcher(mechanism, { from: 1, seeds: MAX_SEEDS_TO_CATCH });
      expect(caughtBy, `${mechanism} is missing, and nobody notices`).not.toBeNull();
    });
  }
});
