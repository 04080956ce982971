import { quoteName } from '../catalog/quote.ts';
import type { ColumnInfo, TableInfo } from '../catalog/table-info.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { CopyStatement } from './parse-copy.ts';

/** Which columns the files fill, and what fills the others. */
export interface ColumnPlan {
  /** In the order of the fields. */
  readonly fields: readonly ColumnInfo[];
  /** Columns that every row gets from an expression: DEFAULTs and identities. */
  readonly computed: readonly { readonly name: string; readonly sql: string }[];
}

/**
 * Matches the columns of a COPY to the table. Columns that are left out get their DEFAULT, identities their next
 * value; IDENTITY columns are fed by the files only with EXPLICIT_IDS.
 *
 * @throws RedshiftError for a column that is not there, or an identity that may not be loaded.
 */
export function planColumns(statement: CopyStatement, table: TableInfo): ColumnPlan {
  const { columns, options } = statement;
  const isIdentity = (column: ColumnInfo): boolean =>
    column.identity?.kind === 'always' && !options.explicitIds;
  const fields = columns
    ? columns.map((name) => findColumn(name, table))
    : table.columns.filter((column) => !isIdentity(column));
  const forbidden = fields.find(isIdentity);
  if (forbidden) {
    throw new RedshiftError(`cannot set an identity column to a value`, {
      sqlState: '42601',
      detail: `column "${forbidden.name}" is an identity: leave it out, or say EXPLICIT_IDS`,
    });
  }
  if (options.explicitIds && !table.columns.some((column) => column.identity)) {
    throw new RedshiftError('EXPLICIT_IDS is used but the table has no identity column', {
      sqlState: '42601',
    });
  }
  const computed = table.columns
    .filter((column) => !fields.includes(column))
    .flatMap(({ name, defaultSql, identity }) => {
      const sql = identity?.nextSql ?? defaultSql;
      return sql === undefined ? [] : [{ name, sql }];
    });
  const bare = table.columns.find(
    (column) =>
      !column.isNullable && !fields.includes(column) && !column.identity && column.defaultSql === undefined,
  );
  if (bare) {
    throw new RedshiftError(`Cannot insert a NULL value into column ${bare.name}`, {
      sqlState: '23502',
      detail: 'it is NOT NULL, has no DEFAULT, and is not among the loaded columns',
    });
  }
  return { fields, computed };
}

/** `INSERT INTO t (columns) SELECT values, computed …`, to be followed by what the values come from. */
export function insertInto(table: TableInfo, plan: ColumnPlan, values: readonly string[]): string {
  const names = [...plan.fields, ...plan.computed].map(({ name }) => quoteName(name));
  const list = [...values, ...plan.computed.map(({ sql }) => sql)];
  return `INSERT INTO ${table.duckName} (${names.join(', ')}) SELECT ${list.join(', ')}`;
}

function findColumn(name: string, table: TableInfo): ColumnInfo {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column) {
    throw new RedshiftError(`column "${name}" of relation "${table.name}" does not exist`, {
      sqlState: '42703',
    });
  }
  return column;
}
