import { setTimeout as pause } from 'node:timers/promises';
import { type CheckResult, probeWarehouse } from '@millrace/core';
import { bareLoader } from '@millrace/testkit';
import { afterEach, expect, it } from 'vitest';
import { openTestWarehouse, type TestWarehouse } from './open-test-warehouse.ts';

let opened: TestWarehouse | undefined;
afterEach(() => opened?.close());

it('passes the probes of doctor, and nothing of them stays', async () => {
  opened = await openTestWarehouse();
  const { warehouse, objects } = opened;
  const loader = {
    ...bareLoader(Date.now),
    warehouse,
    objects,
    random: () => crypto.getRandomValues(new Uint8Array(16)),
  };
  const results = await probeWarehouse(loader, { pause: (ms) => pause(ms) });
  const failed = results.filter(({ status }: CheckResult) => status !== 'pass');
  expect(failed).toEqual([]);
  expect(results).toHaveLength(6);
  const left = await warehouse.transact([
    "SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_name LIKE '%doctor%'",
  ]);
  expect(Number(left[0]?.n)).toBe(0);
}, 60_000);

it('tells its clock, the rights of its user and keys that are there twice', async () => {
  opened = await openTestWarehouse();
  const { warehouse } = opened;
  await warehouse.transact([
    'CREATE TABLE public."Odd name" (id INTEGER, v INTEGER)',
    'INSERT INTO public."Odd name" VALUES (1, 1), (1, 2), (2, 3), (NULL, 4), (NULL, 5)',
  ]);
  const ask = (statement: Parameters<typeof warehouse.dialect.render>[0]) =>
    warehouse.transact([warehouse.dialect.render(statement)]);
  const [clock] = await ask({ kind: 'select-clock' });
  expect(Math.abs(Number(clock?.now_ms) - Date.now())).toBeLessThan(60_000);
  const table = { schema: 'public', name: 'Odd name' };
  expect(await ask({ kind: 'select-privileges', table, privileges: ['SELECT', 'DELETE'] })).toMatchObject([
    { select: 1, delete: 1 },
  ]);
  const repeated = await ask({ kind: 'find-repeated-keys', target: table, key: ['id'], limit: 3 });
  expect(repeated.map(({ id, found }) => [id, Number(found)])).toEqual([[1, 2]]);
}, 60_000);
