import { expect, it } from 'vitest';
import { openFairness } from './open-fairness.ts';

it('lets a backlog and a backfill of one lane neither delay 199 others nor starve', {
  timeout: 120_000,
}, async () => {
  const { live, worstLaneP99Ms, busy, freshnessMs, violations } = await openFairness({
    seed: 1,
    isSmall: true,
  });
  expect(violations).toEqual([]);
  expect(live.p99Ms).toBeLessThanOrEqual(2 * freshnessMs);
  // Not only on the whole: no lane pays for the others.
  expect(worstLaneP99Ms).toBeLessThanOrEqual(2 * freshnessMs);
  expect(busy.longestWaitMs).toBeLessThanOrEqual(2 * freshnessMs);
  // In as few jobs as its limit allows.
  expect(busy).toMatchObject({ files: 4_500, jobs: 150 });
});
