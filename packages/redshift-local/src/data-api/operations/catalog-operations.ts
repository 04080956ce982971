import { quoteText } from '../../catalog/quote.ts';
import { RedshiftError } from '../../redshift-error.ts';
import type { Value } from '../../session/result.ts';
import { ApiError, invalid } from '../api-error.ts';
import { toTableColumnMetadata } from '../column-metadata.ts';
import type { DataApi } from '../data-api.ts';
import type { Input } from '../read-input.ts';
import { toErrorText } from '../to-error-text.ts';
import type { Call, Operation } from './operation.ts';
import { readPageToken, writePageToken } from './page-token.ts';
import { readCaller } from './read-caller.ts';

const MAX_PAGE = 1000;

/** The one database that the engine has. */
export const listDatabases: Operation = async (api, call) => {
  await ask(api, call, 'SELECT 1');
  const { page, next } = paged([api.engine.database], call.input, 'databases');
  return { Databases: page, NextToken: next };
};

export const listSchemas: Operation = async (api, call) => {
  const { input } = call;
  const pattern = likeSql('schema_name', input.text('SchemaPattern'));
  const rows = await ask(
    api,
    call,
    `SELECT schema_name FROM information_schema.schemata WHERE ${pattern} ORDER BY 1`,
  );
  const { page, next } = paged(
    rows.map(([name]) => String(name)),
    input,
    'schemas',
  );
  return { Schemas: page, NextToken: next };
};

/** Tables and views; system tables are not listed. */
export const listTables: Operation = async (api, call) => {
  const { input } = call;
  const schema = likeSql('table_schema', input.text('SchemaPattern'));
  const name = likeSql('table_name', input.text('TablePattern'));
  const rows = await ask(
    api,
    call,
    `SELECT table_schema, table_name, table_type FROM svv_tables WHERE ${schema} AND ${name} ORDER BY 1, 2`,
  );
  const tables = rows.map(([tableSchema, tableName, type]) => ({
    name: String(tableName),
    schema: String(tableSchema),
    type: type === 'VIEW' ? 'VIEW' : 'TABLE',
  }));
  const { page, next } = paged(tables, input, 'tables');
  return { Tables: page, NextToken: next };
};

/** The columns of a table in order; without `Schema` the table of `public`. */
export const describeTable: Operation = async (api, call) => {
  const { input } = call;
  const table = input.requiredText('Table', { min: 1 }).toLowerCase();
  const schema = (input.text('Schema') ?? 'public').toLowerCase();
  const rows = await ask(
    api,
    call,
    `SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default
FROM svv_columns WHERE table_schema = ${quoteText(schema)} AND table_name = ${quoteText(table)}
ORDER BY ordinal_position`,
  );
  if (rows.length === 0) throw invalid(`relation "${schema}.${table}" does not exist`);
  const columns = rows.map(([name, type, length, precision, scale, nullable, columnDefault]) =>
    toTableColumnMetadata({
      name: String(name),
      dataType: String(type),
      length: toNumber(length),
      precision: toNumber(precision),
      scale: toNumber(scale),
      isNullable: nullable === 'YES',
      columnDefault: columnDefault === undefined || columnDefault === null ? null : String(columnDefault),
      schema,
      table,
    }),
  );
  const { page, next } = paged(columns, input, `columns of ${schema}.${table}`);
  return { TableName: table, ColumnList: page, NextToken: next };
};

/** Runs a query as the caller, who waits for it. */
async function ask(
  api: DataApi,
  { input, identity }: Call,
  sql: string,
): Promise<readonly (readonly Value[])[]> {
  const caller = readCaller(input, identity);
  api.expectEndpoint(caller.address);
  api.expectWarehouse('DatabaseConnectionException');
  for (const database of [caller.database, input.text('ConnectedDatabase')]) {
    if (database === undefined || database === api.engine.database) continue;
    throw invalid(`FATAL: database "${database}" does not exist`);
  }
  const session = api.engine.session(caller.dbUser === undefined ? {} : { user: caller.dbUser });
  try {
    const result = await session.execute(sql);
    return result.kind === 'rows' ? result.rows : [];
  } catch (error) {
    if (error instanceof RedshiftError) throw invalid(toErrorText(error));
    throw new ApiError('InternalServerException', toErrorText(error), { status: 500 });
  } finally {
    await session.close();
  }
}

function likeSql(column: string, pattern: string | undefined): string {
  return pattern === undefined ? 'true' : `${column} LIKE ${quoteText(pattern)}`;
}

function paged<T>(
  all: readonly T[],
  input: Input,
  list: string,
): { page: readonly T[]; next: string | undefined } {
  const maxResults = input.integer('MaxResults', { min: 0, max: MAX_PAGE }) || MAX_PAGE;
  const from = readPageToken(list, input.text('NextToken')) ?? 0;
  const to = from + maxResults;
  return { page: all.slice(from, to), next: to < all.length ? writePageToken(list, to) : undefined };
}

function toNumber(value: Value | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
