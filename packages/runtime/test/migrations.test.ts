import { applyMigrations, type MigrationFile } from '@millrace/core';
import { EmbeddedRedshift } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore } from '@millrace/testkit';
import { expect, it, onTestFinished } from 'vitest';

async function openWarehouse(): Promise<EmbeddedRedshift> {
  const engine = await RedshiftLocal.open({ path: ':memory:', objects: new MemoryObjectStore() });
  onTestFinished(() => engine.close());
  return new EmbeddedRedshift(engine, { onCompletion: () => {} });
}

const CREATE: MigrationFile = { name: '0001_create.sql', sql: 'CREATE TABLE places (name VARCHAR(4));' };
const widen = (sql: string): MigrationFile => ({ name: '0002_widen.sql', sql });
const now = () => 0;

it('widens a column, which Redshift does in no transaction, once', async () => {
  const warehouse = await openWarehouse();
  const files = [CREATE, widen('-- longer names\nALTER TABLE places ALTER COLUMN name TYPE VARCHAR(40);')];
  const applied = await applyMigrations(warehouse, files, { dryRun: false, now });
  expect(applied.applied).toEqual(['0001_create.sql', '0002_widen.sql']);
  await warehouse.transact([`INSERT INTO places VALUES ('longer than four')`]);
  expect((await applyMigrations(warehouse, files, { dryRun: false, now })).applied).toEqual([]);
});

it('refuses a file that mixes it with others before anything runs', async () => {
  const warehouse = await openWarehouse();
  const files = [
    CREATE,
    widen(`INSERT INTO places VALUES ('a'); ALTER TABLE places ALTER COLUMN name TYPE VARCHAR(40);`),
  ];
  await expect(applyMigrations(warehouse, files, { dryRun: false, now })).rejects.toMatchObject({
    code: 'migration-mixed',
    message: expect.stringContaining('0002_widen.sql'),
    hint: expect.stringContaining('a file of its own'),
  });
  expect(await warehouse.describeTable('public.places')).toBeUndefined();
});
