import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AppliedMigration,
  LoadError,
  type MigrationReport,
  type PendingMigration,
  planMigrations,
  type Warehouse,
} from '@millrace/core';
import { quoteText } from '@millrace/redshift';

const TABLE = 'millrace.migrations';
const LOCK_TABLE = 'millrace.migrations_lock';

/**
 * Applies the numbered SQL files of a folder: each once, in order, in one transaction together with the row that says
 * so. A file that fails leaves no trace, and nothing behind it runs.
 *
 * @throws LoadError `migrations-invalid`, or the warehouse's own error with the file's name.
 */
export async function runMigrations(
  warehouse: Warehouse,
  folder: string,
  { dryRun, now }: { dryRun: boolean; now: () => number },
): Promise<MigrationReport> {
  const files = await readFolder(folder);
  await prepare(warehouse);
  const pending = planMigrations(files, await readApplied(warehouse));
  if (dryRun) return { applied: [], pending: pending.map(({ name, statements }) => ({ name, statements })) };
  for (const migration of pending) await apply(warehouse, migration, now());
  return { applied: pending.map(({ name }) => name), pending: [] };
}

async function readFolder(folder: string): Promise<{ name: string; sql: string }[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const scripts = names.filter((name) => name.endsWith('.sql'));
  return Promise.all(
    scripts.map(async (name) => ({ name, sql: await readFile(join(folder, name), 'utf8') })),
  );
}

async function prepare(warehouse: Warehouse): Promise<void> {
  if ((await warehouse.describeTable(TABLE)) !== undefined) return;
  await warehouse.transact([
    'CREATE SCHEMA IF NOT EXISTS millrace',
    `CREATE TABLE IF NOT EXISTS ${TABLE} (id INTEGER NOT NULL, name VARCHAR(300) NOT NULL, checksum VARCHAR(64) NOT NULL, applied_at TIMESTAMP NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${LOCK_TABLE} (nothing SMALLINT)`,
  ]);
}

async function readApplied(warehouse: Warehouse): Promise<readonly AppliedMigration[]> {
  const rows = await warehouse.transact([`SELECT id, name, checksum FROM ${TABLE} ORDER BY id`]);
  return rows.map((row) => ({ id: Number(row.id), name: String(row.name), checksum: String(row.checksum) }));
}

/** The lock makes a second process wait; the guard makes it fail instead of applying the file a second time. */
async function apply(
  warehouse: Warehouse,
  { id, name, checksum, statements }: PendingMigration,
  now: number,
): Promise<void> {
  const appliedAt = new Date(now).toISOString().replace('T', ' ').replace('Z', '');
  await warehouse
    .transact([
      `LOCK TABLE ${LOCK_TABLE}`,
      `SELECT CAST(CASE WHEN COUNT(*) > 0 THEN 'millrace:already-applied' ELSE '0' END AS INTEGER) AS guard FROM ${TABLE} WHERE id = ${id}`,
      ...statements,
      `INSERT INTO ${TABLE} (id, name, checksum, applied_at) VALUES (${id}, ${quoteText(name)}, ${quoteText(checksum)}, ${quoteText(appliedAt)})`,
    ])
    .catch((error: unknown) => {
      throw withFile(error, name);
    });
}

function withFile(error: unknown, name: string): unknown {
  if (!(error instanceof LoadError)) return error;
  return new LoadError('migration-failed', `migration ${name} failed and left no trace: ${error.message}`, {
    class: 'config',
    hint: 'correct the file and try again',
    cause: error,
  });
}
