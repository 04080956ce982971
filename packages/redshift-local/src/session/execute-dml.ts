import { fitSql } from '../catalog/fit-value.ts';
import { listedColumnTypes, queryColumnTypes } from '../catalog/query-columns.ts';
import { quoteName } from '../catalog/quote.ts';
import { type ColumnDefinition, nextValueSql, type TableDefinition } from '../catalog/table-definition.ts';
import type { RedshiftType } from '../catalog/table-info.ts';
import { MAY_DELETE, MAY_INSERT, MAY_UPDATE } from '../privilege/access.ts';
import { RedshiftError } from '../redshift-error.ts';
import { MAX_VARCHAR_BYTES } from '../sql/parse-type.ts';
import type { Assignment, Delete, Insert, Update } from '../sql/statement.ts';
import type { QualifiedName } from '../sql/token-cursor.ts';
import { translateExpression, translateSql } from '../translate/translate-sql.ts';
import type { Backend } from './backend.ts';
import { type CommandResult, command } from './result.ts';
import { translateTables, translateWith } from './translate-parts.ts';

/**
 * INSERT. Every value goes through its column's `fitSql` in one select list over the source, so that a million rows
 * stay in DuckDB's vectors; IDENTITY and DEFAULT are filled in the same list.
 */
export async function executeInsert(backend: Backend, statement: Insert): Promise<CommandResult> {
  const table = await backend.lockTable(statement.table, 'write', MAY_INSERT);
  const { source } = statement;
  if (source.kind === 'query') {
    const query = translateSql(source.query);
    await backend.lockTablesOf(query);
    const types = await queryTypes(backend, { text: source.query, query });
    return insertFrom(backend, table, {
      columns: targetColumns(table, statement.columns, types.length),
      source: `(${query})`,
      types,
    });
  }
  const rows = source.kind === 'defaults' ? [] : source.rows;
  await lockTablesOfValues(backend, rows.flat());
  const columns =
    source.kind === 'defaults' ? [] : targetColumns(table, statement.columns, rows[0]?.length ?? 0);
  if (columns.length === 0) return insertFrom(backend, table, { columns, source: '(SELECT 1)' });
  const types = columns.map((_, at) => literalType(rows.map((row) => row[at])));
  const values = rows[0]?.map((text, at) => valueSql(columns[at] as ColumnDefinition, text)) ?? [];
  if (rows.length === 1 && values.every((value) => PLAIN_VALUE.test(value)))
    return insertFrom(backend, table, { columns, values, types });
  const lines = rows.map(
    (row) => `(${row.map((text, at) => valueSql(columns[at] as ColumnDefinition, text)).join(', ')})`,
  );
  return insertFrom(backend, table, {
    columns,
    source: `(VALUES ${lines.join(', ')})`,
    types,
  });
}

/**
 * Texts, numbers and the time: what is the same in VALUES and in a select list. Aggregates, which only a select list
 * allows, and functions that give several rows are not.
 */
const PLAIN_VALUE =
  /^\(?(?:'(?:[^']|'')*'|[+-]?\d+(?:\.\d+)?|null|cast\((?:\d+|null) as \w+\)|rs_system\.getdate\(\))\)?$/iu;

/** What the columns of a query are, by its text where that tells: DuckDB would plan the query a second time. */
async function queryTypes(
  backend: Backend,
  { text, query }: { text: string; query: string },
): Promise<readonly (RedshiftType | undefined)[]> {
  const findTable = (name: QualifiedName): TableDefinition | undefined => {
    const relation = backend.catalog.find(name);
    return relation?.kind === 'table' ? relation : undefined;
  };
  const listed = listedColumnTypes(text, findTable);
  if (listed !== undefined) return listed;
  const described = await backend.describe(query);
  const found = Array.from({ length: described.columnCount }, (_, at) => ({
    name: described.columnName(at),
    duckType: described.columnType(at),
  }));
  return queryColumnTypes(text, found, findTable);
}

/** A text literal and nothing else. */
const LITERAL = /^'(?:[^']|'')*'$/u;

/** VARCHAR of the longest of the texts, when all of them are literals. A literal stands for no more bytes than it has. */
function literalType(texts: readonly (string | undefined)[]): RedshiftType | undefined {
  let length = 1;
  for (const text of texts) {
    if (text === undefined || !LITERAL.test(text)) return undefined;
    length = Math.max(length, Buffer.byteLength(text) - 2);
  }
  return { name: 'varchar', length };
}

/**
 * Inserts what `source` (a query in parentheses) gives for `columns`, in their order; or one row of `values`, which
 * DuckDB plans in less time.
 *
 * @param types what is known of the values' types, in the same order.
 */
export async function insertFrom(
  backend: Backend,
  table: TableDefinition,
  {
    columns,
    types = [],
    ...from
  }: {
    columns: readonly ColumnDefinition[];
    types?: readonly (RedshiftType | undefined)[];
  } & ({ source: string; values?: never } | { values: readonly string[]; source?: never }),
): Promise<CommandResult> {
  const names = columns.map(({ name }) => quoteName(name));
  const values = columns.map(({ type }, at) => fitSql(from.values?.[at] ?? `q.c${at}`, type, types[at]));
  for (const column of table.columns) {
    const filled = columns.includes(column) ? undefined : missingValueSql(column);
    if (filled === undefined) continue;
    names.push(quoteName(column.name));
    values.push(filled);
  }
  // A row of nothing but NULLs still needs one column to be named.
  const first = table.columns[0];
  if (names.length === 0 && first !== undefined) {
    names.push(quoteName(first.name));
    values.push('NULL');
  }
  const alias = columns.length === 0 ? 'q' : `q(${columns.map((_, at) => `c${at}`).join(', ')})`;
  const source = from.source === undefined ? '' : ` FROM ${from.source} AS ${alias}`;
  const result = await backend.run(
    `INSERT INTO ${backend.duckName(table)} (${names.join(', ')}) SELECT ${values.join(', ')}${source}`,
  );
  return command('INSERT', result.rowsChanged);
}

/** The columns that an INSERT fills. Without a list: the first ones of the table. */
function targetColumns(
  table: TableDefinition,
  names: readonly string[] | undefined,
  width: number,
): readonly ColumnDefinition[] {
  const columns = names?.map((name) => columnOf(table, name)) ?? table.columns.slice(0, width);
  if (columns.length < width) {
    throw new RedshiftError('INSERT has more expressions than target columns', { sqlState: '42601' });
  }
  if (columns.length > width) {
    throw new RedshiftError('INSERT has more target columns than expressions', { sqlState: '42601' });
  }
  const twice = names?.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new RedshiftError(`column "${twice}" specified more than once`, { sqlState: '42701' });
  for (const column of columns) expectAssignable(column);
  return columns;
}

export function columnOf(table: TableDefinition, name: string): ColumnDefinition {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    throw new RedshiftError(`column "${name}" of relation "${table.name}" does not exist`, {
      sqlState: '42703',
    });
  }
  return column;
}

function expectAssignable(column: ColumnDefinition): void {
  if (column.identity?.kind === 'always') {
    throw new RedshiftError('cannot set an identity column to a value', { sqlState: '42601' });
  }
}

/** What a column that an INSERT leaves out gets; undefined for NULL. */
export function missingValueSql(column: ColumnDefinition): string | undefined {
  if (column.identity !== undefined) return nextValueSql(column.identity);
  return column.defaultSql === undefined ? undefined : fitSql(column.defaultSql, column.type);
}

/** A value as written (`undefined`: DEFAULT) in DuckDB SQL, not yet fitted. */
export function valueSql(column: ColumnDefinition, text: string | undefined): string {
  if (text === undefined) return missingValueSql(column) ?? 'NULL';
  const value = `(${translateExpression(text)})`;
  // Fitted here already: rows of VALUES must agree on a type, and DuckDB would parse every string beside a SUPER value.
  return column.type.name === 'super' ? fitSql(value, column.type) : value;
}

export async function executeUpdate(backend: Backend, statement: Update): Promise<CommandResult> {
  const table = await backend.lockTable(statement.table, 'write', MAY_UPDATE);
  const condition = await conditionSql(backend, statement, statement.from, 'FROM');
  await lockTablesOfValues(
    backend,
    statement.assignments.map(({ valueText }) => valueText),
  );
  const assignments = assignmentsSql(table, statement.assignments);
  const alias = statement.alias === undefined ? '' : ` AS ${quoteName(statement.alias)}`;
  const result = await backend.run(
    `${translateWith(statement.prefix)}UPDATE ${backend.duckName(table)}${alias} SET ${assignments}${condition}`,
  );
  return command('UPDATE', result.rowsChanged);
}

/** `"a" = …, "b" = …`, each value fitted to its column. */
export function assignmentsSql(table: TableDefinition, assignments: readonly Assignment[]): string {
  return assignments
    .map(({ column: name, valueText }) => {
      const column = columnOf(table, name);
      expectAssignable(column);
      return `${quoteName(name)} = ${fitSql(valueSql(column, valueText), column.type, UNKNOWN_TEXT)}`;
    })
    .join(', ');
}

/** Of a value that may be any text: the longest that there is. */
const UNKNOWN_TEXT: RedshiftType = { name: 'varchar', length: MAX_VARCHAR_BYTES };

/** Locks for reading what sub-queries among the values read. */
export async function lockTablesOfValues(
  backend: Backend,
  texts: readonly (string | undefined)[],
): Promise<void> {
  for (const text of texts) {
    if (text !== undefined && /\bselect\b/iu.test(text)) {
      await backend.lockTablesOf(`SELECT ${translateExpression(text)}`);
    }
  }
}

export async function executeDelete(backend: Backend, statement: Delete): Promise<CommandResult> {
  const table = await backend.lockTable(statement.table, 'write', MAY_DELETE);
  const condition = await conditionSql(backend, statement, statement.using, 'USING');
  const alias = statement.alias === undefined ? '' : ` AS ${quoteName(statement.alias)}`;
  const result = await backend.run(
    `${translateWith(statement.prefix)}DELETE FROM ${backend.duckName(table)}${alias}${condition}`,
  );
  return command('DELETE', result.rowsChanged);
}

/** The other tables and the condition of an UPDATE or DELETE, with the tables locked for reading. */
async function conditionSql(
  backend: Backend,
  { prefix, where }: { prefix: string; where: string | undefined },
  tables: string | undefined,
  word: 'FROM' | 'USING',
): Promise<string> {
  const from = tables === undefined ? '' : translateTables(tables);
  const condition = where === undefined ? '' : ` WHERE ${translateExpression(where)}`;
  if (from !== '' || condition !== '' || prefix !== '') {
    await backend.lockTablesOf(
      `${translateWith(prefix)}SELECT 1 ${from === '' ? '' : `FROM ${from}`}${condition}`,
    );
  }
  return `${from === '' ? '' : ` ${word} ${from}`}${condition}`;
}
