import { fitSql } from '../catalog/fit-value.ts';
import { quoteName } from '../catalog/quote.ts';
import { type ColumnDefinition, keyOf, type TableDefinition } from '../catalog/table-definition.ts';
import { MAY_MERGE } from '../privilege/access.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { Merge } from '../sql/statement.ts';
import { translateExpression } from '../translate/translate-sql.ts';
import type { Backend } from './backend.ts';
import {
  assignmentsSql,
  columnOf,
  insertFrom,
  lockTablesOfValues,
  missingValueSql,
  valueSql,
} from './execute-dml.ts';
import { type CommandResult, command } from './result.ts';
import { translateTables } from './translate-parts.ts';

/**
 * MERGE. Redshift fails when two rows of the source match one row of the target; DuckDB takes either of them, so
 * that is asked first.
 */
export async function executeMerge(backend: Backend, statement: Merge): Promise<CommandResult> {
  const target = await backend.lockTable(statement.target, 'write', MAY_MERGE);
  const alias = statement.alias === undefined ? '' : ` as ${quoteName(statement.alias)}`;
  const source = translateTables(`${statement.source}${alias}`);
  await expectOtherSource(backend, target, { statement, source });
  const on = translateExpression(statement.on);
  if (statement.action.kind === 'remove-duplicates') {
    return replaceMatches(backend, target, { source, on });
  }
  await expectSingleMatches(backend, target, { source, on });
  const { matched, insertColumns, insertValues } = statement.action;
  const assigned = matched.kind === 'delete' ? [] : matched.assignments.map(({ valueText }) => valueText);
  await lockTablesOfValues(backend, [...assigned, ...insertValues]);
  const whenMatched =
    matched.kind === 'delete' ? 'DELETE' : `UPDATE SET ${assignmentsSql(target, matched.assignments)}`;
  const insert = insertSql(target, insertColumns, insertValues);
  const result = await backend.run(
    `MERGE INTO ${backend.duckName(target)} USING ${source} ON (${on})` +
      ` WHEN MATCHED THEN ${whenMatched} WHEN NOT MATCHED THEN INSERT ${insert}`,
  );
  return command('MERGE', result.rowsChanged);
}

async function expectOtherSource(
  backend: Backend,
  target: TableDefinition,
  { statement, source }: { statement: Merge; source: string },
): Promise<void> {
  const read = await backend.lockTablesOf(`SELECT 1 FROM ${source}`);
  if (!read.includes(keyOf(target))) return;
  const isSubquery = statement.source.startsWith('(');
  throw new RedshiftError(
    isSubquery
      ? 'Source view/subquery in Merge statement cannot reference target table.'
      : 'Source and target tables in Merge statement must be different.',
    { sqlState: '0A000' },
  );
}

async function expectSingleMatches(
  backend: Backend,
  target: TableDefinition,
  { source, on }: { source: string; on: string },
): Promise<void> {
  const name = backend.duckName(target);
  const matches = await backend.run(
    `SELECT 1 FROM ${name} JOIN ${source} ON (${on}) GROUP BY ${quoteName(target.name)}.rowid HAVING count(*) > 1 LIMIT 1`,
  );
  if (matches.rowCount > 0) {
    throw new RedshiftError('Found multiple matches to update the same tuple.', { sqlState: '21000' });
  }
}

function insertSql(
  target: TableDefinition,
  names: readonly string[] | undefined,
  texts: readonly (string | undefined)[],
): string {
  const columns = names?.map((name) => columnOf(target, name)) ?? target.columns.slice(0, texts.length);
  if (columns.length < texts.length) {
    throw new RedshiftError('INSERT has more expressions than target columns', { sqlState: '42601' });
  }
  if (columns.some(({ identity }) => identity?.kind === 'always')) {
    throw new RedshiftError('cannot set an identity column to a value', { sqlState: '42601' });
  }
  const filled: [ColumnDefinition, string][] = columns.map((column, at) => [
    column,
    fitSql(valueSql(column, texts[at]), column.type),
  ]);
  for (const column of target.columns) {
    const value = columns.includes(column) ? undefined : missingValueSql(column);
    if (value !== undefined) filled.push([column, value]);
  }
  const list = filled.map(([{ name }]) => quoteName(name)).join(', ');
  return `(${list}) VALUES (${filled.map(([, value]) => value).join(', ')})`;
}

/** REMOVE DUPLICATES: matching rows go, whatever their number, and the whole source comes in their place. */
async function replaceMatches(
  backend: Backend,
  target: TableDefinition,
  { source, on }: { source: string; on: string },
): Promise<CommandResult> {
  const width = (await backend.describe(`SELECT * FROM ${source}`)).columnCount;
  if (width !== target.columns.length) {
    throw new RedshiftError('Source and target tables in Merge statement must have the same columns.', {
      sqlState: '42804',
    });
  }
  await backend.run(`DELETE FROM ${backend.duckName(target)} USING ${source} WHERE ${on}`);
  const { rowsAffected } = await insertFrom(backend, target, {
    columns: target.columns,
    source: `(SELECT * FROM ${source})`,
  });
  return command('MERGE', rowsAffected);
}
