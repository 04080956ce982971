import type { AppliedEntry } from '../ports/operations.ts';
import type { Warehouse } from '../ports/warehouse.ts';
import { MIGRATIONS_TABLE } from './apply-migrations.ts';

/** The migrations that were applied, newest first. */
export async function listMigrations(warehouse: Warehouse): Promise<readonly AppliedEntry[]> {
  if ((await warehouse.describeTable(MIGRATIONS_TABLE)) === undefined) return [];
  const rows = await warehouse.transact([
    `SELECT name, CAST(applied_at AS VARCHAR(32)) AS applied_at FROM ${MIGRATIONS_TABLE} ORDER BY id DESC`,
  ]);
  return rows.map(({ name, applied_at: at }) => ({
    name: String(name),
    // Written in UTC, and told without a zone.
    at: new Date(`${String(at).trim().replace(' ', 'T')}Z`).toISOString(),
  }));
}
