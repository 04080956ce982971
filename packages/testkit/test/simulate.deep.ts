import { expect, it } from 'vitest';
import { openReal } from '../src/simulator/real-backing.ts';
import { runSeeds } from '../src/simulator/run-seeds.ts';

const HOUR_MS = 3_600_000;

it('holds 10,000 seeds, and crashes every await that they reach', { timeout: 4 * HOUR_MS }, async () => {
  const report = await runSeeds({ from: 1, seeds: 10_000 });
  expect(report.failed.map(({ seed }) => seed)).toEqual([]);
  const never = report.coverage.counts().filter(({ diedBefore, diedAfter }) => diedBefore + diedAfter === 0);
  expect(never.map(({ verb, site }) => `${verb}: ${site}`)).toEqual([]);
});

it('holds 200 seeds on real SQL and SQLite', { timeout: 2 * HOUR_MS }, async () => {
  const report = await runSeeds({ from: 1, seeds: 200, open: openReal });
  expect(report.failed.map(({ seed }) => seed)).toEqual([]);
});
