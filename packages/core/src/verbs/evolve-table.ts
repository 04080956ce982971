import type { ChangeRecord, ChangeStatement } from '../drift/change-statement.ts';
import { widthOf } from '../drift/column-type.ts';
import type { TableChange } from '../drift/plan-evolution.ts';
import { historyOf } from '../drift/table-history.ts';
import { shortHash } from '../file/identity.ts';
import { tableNameOf } from '../load/ledger.ts';
import type { TableColumn, Warehouse } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import type { Loader } from './loader.ts';

/**
 * Changes a target's table, before the job that needs it: each change a statement of its own, because Redshift takes ALTER COLUMN in
 * no transaction.
 *
 * The history knows of a change before it is made. Whoever dies in here leaves a change that is written down and not made, or made
 * and not confirmed: the next look at the files finds what is still missing, and the history asks the table. Two workers that add the
 * same column, or widen it at the same time, are one: who comes second looks what the table has become.
 *
 * @returns the columns of the table as they are now.
 * @throws LoadError `table-not-changed` (class `config`) when the warehouse refuses, `transient` when another worker was in the way
 */
export async function evolveTable(
  loader: Loader,
  {
    target,
    changes,
    tableColumns,
  }: { target: string; changes: readonly TableChange[]; tableColumns: readonly TableColumn[] },
): Promise<readonly TableColumn[]> {
  if (changes.length === 0) return tableColumns;
  const { warehouse } = loader;
  const render = changeRenderer(warehouse, target);
  const history = historyOf(target);
  const steps = changes.map((change) => {
    const statement = render(statementOf(target, change));
    return { change, statement, record: recordOf(target, { change, statement, now: loader.now() }) };
  });
  await recordAll(warehouse, { history, render, records: steps.map(({ record }) => record) });
  for (const { change, statement } of steps) await make(warehouse, { target, change, statement });
  const now = await describe(warehouse, target);
  const missing = changes.find((change) => !isMade(change, now));
  if (missing !== undefined) {
    throw new LoadError(
      'table-not-changed',
      `column '${missing.column}' of ${target} is not what it was made: somebody else has changed the table`,
      { class: 'transient', hint: 'it is looked at again' },
    );
  }
  const ids = steps.map(({ record }) => record.id);
  await warehouse.transact([render({ kind: 'confirm-changes', history, ids, appliedAt: loader.now() })]);
  for (const { change, statement } of steps) {
    const { column, file } = change;
    loader.onEvent({ kind: 'table-changed', target, column, statement, fileUrl: file.url, at: loader.now() });
  }
  return now;
}

/** How a warehouse's tables are changed. @throws LoadError `drift-unsupported` (class `config`) */
export function changeRenderer(
  { dialect }: Pick<Warehouse, 'dialect'>,
  target: string,
): (statement: ChangeStatement) => string {
  const { renderChange } = dialect;
  if (renderChange !== undefined) return (statement) => renderChange.call(dialect, statement);
  throw new LoadError(
    'drift-unsupported',
    `targets.${target}: this warehouse (${dialect.name}) does not change tables by itself`,
    { class: 'config', hint: "leave 'drift' out, or write 'freeze'" },
  );
}

/** Whether the table is as the change would make it, or wider. */
export function isMade(change: TableChange, tableColumns: readonly TableColumn[]): boolean {
  const column = tableColumns.find(({ name }) => name === change.column);
  if (column === undefined) return false;
  return change.kind === 'add' || (widthOf(column.type) ?? Number.POSITIVE_INFINITY) >= change.bytes;
}

function statementOf(target: string, change: TableChange): ChangeStatement {
  const table = tableNameOf(target);
  const { column } = change;
  return change.kind === 'add'
    ? { kind: 'add-column', table, column, type: change.type }
    : { kind: 'widen-column', table, column, bytes: change.bytes };
}

function recordOf(
  target: string,
  { change, statement, now }: { change: TableChange; statement: string; now: number },
): ChangeRecord {
  const { column, file } = change;
  return {
    id: shortHash(['change', target, statement, file.id]),
    column,
    change: change.kind,
    fromType: change.kind === 'add' ? null : change.from,
    statement,
    fileUrl: file.url,
    plannedAt: now,
  };
}

async function recordAll(
  warehouse: Warehouse,
  {
    history,
    render,
    records,
  }: {
    history: ReturnType<typeof historyOf>;
    render: (statement: ChangeStatement) => string;
    records: readonly ChangeRecord[];
  },
): Promise<void> {
  if ((await warehouse.describeTable(`${history.schema}.${history.name}`)) === undefined) {
    await warehouse.transact([render({ kind: 'create-history', history })]);
  }
  const statements = records.map((change) => render({ kind: 'record-change', history, change }));
  const { maxStatements } = warehouse.dialect;
  for (let at = 0; at < statements.length; at += maxStatements) {
    await warehouse.transact(statements.slice(at, at + maxStatements));
  }
}

async function make(
  warehouse: Warehouse,
  { target, change, statement }: { target: string; change: TableChange; statement: string },
): Promise<void> {
  try {
    await warehouse.query(statement);
  } catch (cause) {
    if (!(cause instanceof LoadError)) throw cause;
    // Another worker was first, or a reply was lost.
    if (isMade(change, await describe(warehouse, target))) return;
    if (cause.class !== 'config' && cause.class !== 'usage' && cause.class !== 'data') throw cause;
    throw new LoadError('table-not-changed', `${statement}: ${cause.message}`, {
      class: 'config',
      hint: "let the loader's user own the table (`millrace grants`), run the statement by a migration, or set 'drift' to 'freeze'",
      cause,
    });
  }
}

async function describe(warehouse: Warehouse, target: string): Promise<readonly TableColumn[]> {
  const columns = await warehouse.describeTable(target);
  if (columns !== undefined) return columns;
  throw new LoadError(
    'target-table-missing',
    `targets.${target}: table ${target} is not in the warehouse any more`,
    {
      class: 'config',
      hint: 'create it by a migration',
    },
  );
}
