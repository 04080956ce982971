import { widthOf } from '../drift/column-type.ts';
import { historyOf } from '../drift/table-history.ts';
import type { TableChangeEntry } from '../ports/operations.ts';
import type { SqlRow, TableColumn } from '../ports/warehouse.ts';
import { changeRenderer } from '../verbs/evolve-table.ts';
import type { Loader } from '../verbs/loader.ts';

/** Rows that are read of one target: more than a table has columns, each widened a few times. */
const MAX_ROWS = 5_000;

/**
 * How the tables of the configured targets were changed because files asked for it, newest first, read from their warehouse: it does not
 * matter where the loader ran, or what has become of its tracker.
 */
export async function listTableChanges(loader: Loader): Promise<readonly TableChangeEntry[]> {
  const { warehouse } = loader;
  if (warehouse.dialect.renderChange === undefined) return [];
  const entries: TableChangeEntry[] = [];
  for (const target of loader.targets.keys()) {
    const history = historyOf(target);
    // Made with the first change: a target that never had one has none.
    if ((await warehouse.describeTable(`${history.schema}.${history.name}`)) === undefined) continue;
    const sql = changeRenderer(warehouse, target)({ kind: 'list-changes', history, limit: MAX_ROWS });
    const tableColumns = (await warehouse.describeTable(target)) ?? [];
    const seen = new Set<string>();
    for (const row of await warehouse.transact([sql])) {
      // Two workers may have written the same change down at the same time.
      const id = String(row.change_id);
      if (!seen.has(id)) entries.push(entryOf(target, { row, tableColumns }));
      seen.add(id);
    }
  }
  return entries.sort((one, other) => other.at.localeCompare(one.at));
}

function entryOf(
  target: string,
  { row, tableColumns }: { row: SqlRow; tableColumns: readonly TableColumn[] },
): TableChangeEntry {
  const appliedAt = row.applied_at == null ? null : Number(row.applied_at);
  return {
    target,
    column: String(row.column_name),
    change: row.change === 'widen' ? 'widen' : 'add',
    from: row.from_type == null ? null : String(row.from_type),
    statement: String(row.statement),
    url: String(row.file_url),
    at: new Date(appliedAt ?? Number(row.planned_at)).toISOString(),
    isMade: appliedAt !== null || showsIn(tableColumns, row),
  };
}

/** Whoever made the change may have died before writing that down: then the table tells. Columns only ever grow. */
function showsIn(
  tableColumns: readonly TableColumn[],
  { column_name: name, from_type: from }: SqlRow,
): boolean {
  const column = tableColumns.find((one) => one.name === name);
  if (column === undefined || from == null) return column !== undefined;
  return (widthOf(column.type) ?? Number.POSITIVE_INFINITY) > (widthOf(String(from)) ?? 0);
}
