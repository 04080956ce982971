import { open } from 'node:fs/promises';
import type { CopyOptions } from '@millrace/core';
import { formatType, toDuckType } from '../catalog/duck-type.ts';
import { quoteName, quoteText } from '../catalog/quote.ts';
import type { ColumnInfo } from '../catalog/table-info.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { LoadDetailRow } from '../system/system-log.ts';
import { type ColumnPlan, insertInto } from './column-plan.ts';
import type { CopyContext } from './copy-context.ts';
import type { CopyFile } from './copy-file.ts';
import type { LoadErrorList } from './load-error-list.ts';
import { LOAD_ERROR, problem } from './row-problem.ts';
import { type SpooledFile, spoolObjects } from './spool-objects.ts';

const MAGIC = 'PAR1';
/** Magic, length of the footer, magic. */
const SMALLEST_PARQUET = 12;

interface ParquetColumn {
  readonly name: string;
  readonly duckType: string;
}

interface ParquetLoad {
  readonly options: CopyOptions;
  readonly plan: ColumnPlan;
  readonly files: readonly CopyFile[];
}

/**
 * Loads Parquet: columns by position, types that go together, lengths and NOT NULL checked in the same pass. Any
 * error fails the COPY; bad files are named in `errors`.
 */
export async function loadParquet(
  { options, plan, files }: ParquetLoad,
  errors: LoadErrorList,
  context: CopyContext,
): Promise<{ rows: number; details: LoadDetailRow[] }> {
  const spooled = await spoolObjects(files, context);
  const details = files.map(({ url, size }) => ({ fileName: url, bytesScanned: size, linesScanned: 0 }));
  await refuseForeignFiles(spooled, errors);
  if (errors.hasFailed) return { rows: 0, details };
  const groups = await groupBySchema(spooled, plan, errors, context);
  if (errors.hasFailed) return { rows: 0, details };
  let rows = 0;
  for (const group of groups) {
    context.signal.throwIfAborted();
    const checks = group.columns.map((column, index) =>
      checkedValue(column, plan.fields[index] as ColumnInfo),
    );
    const bad = checks.flatMap(({ badSql }) => (badSql === undefined ? [] : [badSql]));
    const source = `read_parquet([${group.files.map(({ path }) => quoteText(path)).join(', ')}], hive_partitioning = false)`;
    const expected = await countRows(group.files, context);
    if (options.noLoad) continue;
    const where = bad.length === 0 ? '' : ` WHERE NOT coalesce(${bad.join(' OR ')}, false)`;
    const sql = `${insertInto(
      context.table,
      plan,
      checks.map(({ sql: value }) => value),
    )} FROM ${source}${where}`;
    const result = await context.connection.run(sql);
    rows += result.rowsChanged;
    if (result.rowsChanged !== expected) await findBadValues(group, plan, errors, context);
  }
  return { rows: errors.hasFailed ? 0 : rows, details };
}

/** The footer tells a Parquet file; DuckDB's own complaint would end the transaction and name one file only. */
async function refuseForeignFiles(files: readonly SpooledFile[], errors: LoadErrorList): Promise<void> {
  for (const { file, path } of files) {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const ends = Buffer.alloc(8);
      if (size >= SMALLEST_PARQUET) {
        await handle.read(ends, 0, 4, 0);
        await handle.read(ends, 4, 4, size - 4);
      }
      if (ends.toString('latin1') !== MAGIC + MAGIC) {
        const reason =
          size === 0
            ? 'File is empty, not a Parquet file'
            : 'File has an invalid Parquet footer: not a Parquet file, or cut off';
        errors.add({ file, line: -1, raw: '', problem: problem(LOAD_ERROR.unknown, reason) });
      }
    } finally {
      await handle.close();
    }
  }
}

interface SchemaGroup {
  readonly columns: readonly ParquetColumn[];
  readonly files: SpooledFile[];
}

/** Files with the same columns are read by one statement. */
async function groupBySchema(
  files: readonly SpooledFile[],
  plan: ColumnPlan,
  errors: LoadErrorList,
  context: CopyContext,
): Promise<SchemaGroup[]> {
  const groups = new Map<string, SchemaGroup>();
  for (const spooled of files) {
    context.signal.throwIfAborted();
    const columns = await describeParquet(spooled, context);
    const mismatch = schemaProblem(columns, plan, spooled.file.url);
    if (mismatch) {
      errors.add({
        file: spooled.file,
        line: -1,
        raw: '',
        problem: problem(LOAD_ERROR.unknown, mismatch.reason),
        ...(mismatch.column ? { column: mismatch.column } : {}),
      });
      continue;
    }
    const key = JSON.stringify(columns);
    const group = groups.get(key);
    if (group) group.files.push(spooled);
    else groups.set(key, { columns, files: [spooled] });
  }
  return [...groups.values()];
}

async function describeParquet({ file, path }: SpooledFile, context: CopyContext): Promise<ParquetColumn[]> {
  try {
    const reader = await context.connection.runAndReadAll(
      `DESCRIBE SELECT * FROM read_parquet(${quoteText(path)}, hive_partitioning = false)`,
    );
    return reader
      .getRowObjects()
      .map((row) => ({ name: String(row.column_name), duckType: String(row.column_type) }));
  } catch (error) {
    throw new RedshiftError(`reading ${file.url} failed: ${(error as Error).message}`, { cause: error });
  }
}

function schemaProblem(
  columns: readonly ParquetColumn[],
  plan: ColumnPlan,
  url: string,
): { reason: string; column?: ColumnInfo } | undefined {
  if (columns.length !== plan.fields.length) {
    return {
      reason: `Unmatched number of columns between table and file. Table columns: ${plan.fields.length}, Data columns: ${columns.length}, File: ${url}`,
    };
  }
  for (const [index, column] of plan.fields.entries()) {
    const { duckType } = columns[index] as ParquetColumn;
    if (!goTogether(duckType, column)) {
      const reason = `File has an incompatible Parquet schema for column '${column.name}'. Column type: ${formatType(column.type).toUpperCase()}, Parquet type: ${duckType}`;
      return { reason, column };
    }
  }
  return undefined;
}

const WHOLE = /^U?(?:TINY|SMALL|BIG)?INT(?:EGER)?$/u;

/** Which Parquet types (as DuckDB calls them) a column takes. */
function goTogether(duckType: string, { type }: ColumnInfo): boolean {
  switch (type.name) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return WHOLE.test(duckType);
    case 'real':
    case 'double precision':
      return duckType === 'FLOAT' || duckType === 'DOUBLE';
    case 'numeric':
      return duckType.startsWith('DECIMAL') || WHOLE.test(duckType);
    case 'timestamp':
    case 'timestamptz':
      return duckType.startsWith('TIMESTAMP');
    case 'char':
    case 'varchar':
      return duckType === 'VARCHAR' || duckType === 'JSON' || duckType.startsWith('ENUM');
    case 'super':
      return true;
    case 'varbyte':
      return duckType === 'BLOB' || duckType === 'VARCHAR';
    default:
      return duckType === toDuckType(type);
  }
}

/** `sql`: the value in the column's type, which cannot fail; `badSql`: true where the value may not be loaded. */
function checkedValue(
  source: ParquetColumn,
  column: ColumnInfo,
): { sql: string; badSql: string | undefined } {
  const name = quoteName(source.name);
  const { type } = column;
  const missing = column.isNullable ? [] : [`${name} IS NULL`];
  const bad = (...more: string[]): string | undefined =>
    [...missing, ...more].map((test) => `(${test})`).join(' OR ') || undefined;
  const duckType = toDuckType(type);
  switch (type.name) {
    case 'varchar':
      return {
        sql: `CAST(${name} AS VARCHAR)`,
        badSql: bad(`strlen(CAST(${name} AS VARCHAR)) > ${type.length}`),
      };
    case 'char': {
      const text = `rtrim(CAST(${name} AS VARCHAR), ' ')`;
      return {
        sql: text,
        badSql: bad(`strlen(${text}) > ${type.length}`, `strlen(${text}) <> length(${text})`),
      };
    }
    case 'super':
      return { sql: `to_json(${name})`, badSql: bad() };
    case 'timestamptz':
    case 'timestamp':
    case 'boolean':
    case 'date':
      return { sql: source.duckType === duckType ? name : `CAST(${name} AS ${duckType})`, badSql: bad() };
    default: {
      if (source.duckType === duckType) return { sql: name, badSql: bad() };
      const cast = `TRY_CAST(${name} AS ${duckType})`;
      return { sql: cast, badSql: bad(`${name} IS NOT NULL AND ${cast} IS NULL`) };
    }
  }
}

async function countRows(files: readonly SpooledFile[], context: CopyContext): Promise<number> {
  const list = files.map(({ path }) => quoteText(path)).join(', ');
  const reader = await context.connection.runAndReadAll(
    `SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata([${list}])`,
  );
  return Number(reader.getRows()[0]?.[0] ?? 0);
}

/** Names every file of the group that has a value which may not be loaded, by its first such row. */
async function findBadValues(
  group: SchemaGroup,
  plan: ColumnPlan,
  errors: LoadErrorList,
  context: CopyContext,
): Promise<void> {
  for (const { file, path } of group.files) {
    if (errors.isFull) return;
    for (const [index, column] of plan.fields.entries()) {
      const source = group.columns[index] as ParquetColumn;
      const { badSql } = checkedValue(source, column);
      if (badSql === undefined) continue;
      const name = quoteName(source.name);
      const reader = await context.connection.runAndReadAll(
        `SELECT file_row_number + 1, CAST(${name} AS VARCHAR) FROM read_parquet(${quoteText(path)}, file_row_number = true, hive_partitioning = false) WHERE ${badSql} LIMIT 1`,
      );
      const row = reader.getRows()[0];
      if (!row) continue;
      const value = row[1] === null ? '' : String(row[1]);
      const found =
        row[1] === null
          ? problem(LOAD_ERROR.notNull, 'Missing data for not-null field')
          : problem(LOAD_ERROR.tooLong, `The value does not fit into the column: ${formatType(column.type)}`);
      errors.add({ file, line: Number(row[0]), raw: '', problem: found, column, value });
    }
  }
}
