import { runSeeds } from '@millrace/testkit/simulator';
import { expect, it } from 'vitest';
import { openOn } from './postgres-backing.ts';
import { createTestDatabase } from './server/shared-server.ts';

const HOUR_MS = 3_600_000;

it('holds 200 seeds of simulated faults on PostgreSQL', { timeout: HOUR_MS }, async () => {
  const open = openOn(await createTestDatabase());
  const report = await runSeeds({ from: 1, seeds: 200, open });
  expect(report.failed.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
});
