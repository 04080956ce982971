import { runSeeds } from '@millrace/testkit/simulator';
import { expect, it } from 'vitest';
import { openOn } from './postgres-backing.ts';
import { createTestDatabase } from './server/shared-server.ts';

/** A sample: 200 seeds are in `simulate.deep.ts`. */
const SEEDS = 5;

it(`holds ${SEEDS} seeds of simulated faults on PostgreSQL`, { timeout: 120_000 }, async () => {
  const open = openOn(await createTestDatabase());
  const report = await runSeeds({ from: 1, seeds: SEEDS, open });
  expect(report.failed.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
});
