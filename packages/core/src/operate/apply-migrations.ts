import {
  type AppliedMigration,
  type MigrationFile,
  type PendingMigration,
  planMigrations,
} from '../config/migration-file.ts';
import type { MigrationReport } from '../ports/operations.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Warehouse } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';

export const MIGRATIONS_TABLE = 'millrace.migrations';
const LOCK_TABLE = 'millrace.migrations_lock';

/**
 * Applies numbered SQL files: each once, in order, in one transaction together with the row that says
 * so. A file that fails leaves no trace, and nothing behind it runs. A statement that the warehouse takes in no transaction
 * is a file of its own; a process that dies right behind it runs it once more.
 *
 * @throws LoadError `migrations-invalid`, `migration-mixed`, or the warehouse's own error with the file's name.
 */
export async function applyMigrations(
  warehouse: Warehouse,
  files: readonly MigrationFile[],
  { dryRun, now }: { dryRun: boolean; now: () => EpochMs },
): Promise<MigrationReport> {
  await prepare(warehouse);
  const pending = planMigrations(files, await readApplied(warehouse));
  if (dryRun) return { applied: [], pending: pending.map(({ name, statements }) => ({ name, statements })) };
  for (const migration of pending) expectApart(warehouse, migration);
  for (const migration of pending) await apply(warehouse, migration, now());
  return { applied: pending.map(({ name }) => name), pending: [] };
}

/** Before anything runs: half of such a file could not be taken back. */
function expectApart({ dialect }: Warehouse, { name, statements }: PendingMigration): void {
  const alone = statements.find((sql) => dialect.isAlone?.(sql));
  if (alone === undefined || statements.length === 1) return;
  throw new LoadError(
    'migration-mixed',
    `migration ${name} has other statements beside '${alone.trim().slice(0, 80)}', which the warehouse takes in no transaction`,
    { class: 'config', hint: 'give that statement a file of its own: millrace migrate new NAME' },
  );
}

async function prepare(warehouse: Warehouse): Promise<void> {
  if ((await warehouse.describeTable(MIGRATIONS_TABLE)) !== undefined) return;
  await warehouse.transact([
    'CREATE SCHEMA IF NOT EXISTS millrace',
    `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (id INTEGER NOT NULL, name VARCHAR(300) NOT NULL, checksum VARCHAR(64) NOT NULL, applied_at TIMESTAMP NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${LOCK_TABLE} (nothing SMALLINT)`,
  ]);
}

async function readApplied(warehouse: Warehouse): Promise<readonly AppliedMigration[]> {
  const rows = await warehouse.transact([`SELECT id, name, checksum FROM ${MIGRATIONS_TABLE} ORDER BY id`]);
  return rows.map((row) => ({ id: Number(row.id), name: String(row.name), checksum: String(row.checksum) }));
}

/**
 * The lock makes a second process wait; the guard makes it fail instead of applying the file a second time. None of the
 * texts has a quote in it: a file's name is letters, digits, _ and -, a checksum is hexadecimal.
 */
async function apply(
  warehouse: Warehouse,
  { id, name, checksum, statements }: PendingMigration,
  now: number,
): Promise<void> {
  const appliedAt = new Date(now).toISOString().replace('T', ' ').replace('Z', '');
  const guard = [
    `LOCK TABLE ${LOCK_TABLE}`,
    `SELECT CAST(CASE WHEN COUNT(*) > 0 THEN 'millrace:already-applied' ELSE '0' END AS INTEGER) AS guard FROM ${MIGRATIONS_TABLE} WHERE id = ${id}`,
  ];
  const note = `INSERT INTO ${MIGRATIONS_TABLE} (id, name, checksum, applied_at) VALUES (${id}, '${name}', '${checksum}', '${appliedAt}')`;
  const [only = ''] = statements;
  try {
    if (warehouse.dialect.isAlone?.(only)) {
      await warehouse.transact(guard);
      await warehouse.query(only);
      await warehouse.transact([...guard, note]);
    } else {
      await warehouse.transact([...guard, ...statements, note]);
    }
  } catch (error) {
    throw withFile(error, name);
  }
}

function withFile(error: unknown, name: string): unknown {
  if (!(error instanceof LoadError)) return error;
  return new LoadError('migration-failed', `migration ${name} failed and left no trace: ${error.message}`, {
    class: 'config',
    hint: 'correct the file and try again',
    cause: error,
  });
}
