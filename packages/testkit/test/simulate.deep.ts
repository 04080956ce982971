import { expect, it } from 'vitest';
import { openFairness } from '../src/simulator/open-fairness.ts';
import { openReal } from '../src/simulator/real-backing.ts';
import { runSeeds } from '../src/simulator/run-seeds.ts';

const HOUR_MS = 3_600_000;

it('holds 10,000 seeds, and crashes every await that they reach', { timeout: 4 * HOUR_MS }, async () => {
  const report = await runSeeds({ from: 1, seeds: 10_000, isAimed: true });
  expect(report.failed.map(({ seed }) => seed)).toEqual([]);
  expect(report.coverage.neverDied()).toEqual([]);
});

it('holds 200 seeds on real SQL and SQLite', { timeout: 2 * HOUR_MS }, async () => {
  const report = await runSeeds({ from: 1, seeds: 200, open: openReal });
  expect(report.failed.map(({ seed }) => seed)).toEqual([]);
});

it('keeps 199 lanes fresh beside a backlog of 50,000 files and a backfill of 100,000', {
  timeout: HOUR_MS,
}, async () => {
  const { violations } = await openFairness({ seed: 1, isSmall: false });
  expect(violations).toEqual([]);
});
