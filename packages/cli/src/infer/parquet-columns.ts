import { varcharLength } from './choose-type.ts';
import { toColumnNames } from './column-names.ts';
import type { InferredTable } from './inferred-table.ts';
import { type SampleDatabase, sqlName, sqlText } from './sample-database.ts';
import type { SampleFile } from './sample-file.ts';

/** Rows whose texts are measured. */
const MEASURED_ROWS = 1_000_000;

/** What a Parquet file says of itself; only lengths of texts have to be measured. */
export async function parquetColumns({ path }: SampleFile, database: SampleDatabase): Promise<InferredTable> {
  const source = `read_parquet(${sqlText(path)})`;
  const described = await database.rows(`DESCRIBE SELECT * FROM ${source}`);
  const [counted] = await database.rows(`SELECT count(*)::DOUBLE AS amount FROM ${source}`);
  const amount = Number(counted?.amount ?? 0);
  const labels = described.map((row) => String(row.column_name));
  const names = toColumnNames(labels);
  const columns: InferredTable['columns'][number][] = [];
  for (const [index, { column_name, column_type }] of described.entries()) {
    const label = String(column_name);
    const found = fixedType(String(column_type));
    const choice = found ?? (await measureText(database, { source, label }));
    columns.push({ ...choice, label, name: names[index] ?? label });
  }
  const hasSuper = columns.some(({ type }) => type === 'SUPER');
  return {
    columns,
    format: { kind: 'parquet' },
    copy: hasSuper ? 'SERIALIZETOJSON' : null,
    rows: Math.min(amount, MEASURED_ROWS),
    isWhole: amount <= MEASURED_ROWS,
    warnings: [],
  };
}

async function measureText(
  database: SampleDatabase,
  { source, label }: { source: string; label: string },
): Promise<{ type: string; why: string }> {
  const column = sqlName(label);
  const [row] = await database.rows(
    `SELECT coalesce(max(strlen(${column}::VARCHAR)), 0)::DOUBLE AS bytes FROM (SELECT ${column} FROM ${source} LIMIT ${MEASURED_ROWS})`,
  );
  const bytes = Number(row?.bytes ?? 0);
  return {
    type: `VARCHAR(${varcharLength(bytes)})`,
    why: `up to ${bytes === 1 ? '1 byte' : `${bytes} bytes`}`,
  };
}

/** Redshift's type for a type of Parquet as DuckDB names it; null for texts, and what becomes one. */
export function fixedType(type: string): { type: string; why: string } | null {
  const why = `${type.toLowerCase()} in the file`;
  if (/^DECIMAL\(\d+,\d+\)$/u.test(type)) return { type, why };
  if (/\[\d*\]$|^(?:STRUCT|MAP|LIST|UNION)\b/u.test(type))
    return { type: 'SUPER', why: 'nested in the file' };
  const redshift = TYPES[type];
  return redshift === undefined ? null : { type: redshift, why };
}

/** Unsigned ones take the next larger type, for the upper half of their values. */
const TYPES: Readonly<Record<string, string>> = {
  BOOLEAN: 'BOOLEAN',
  TINYINT: 'SMALLINT',
  SMALLINT: 'SMALLINT',
  INTEGER: 'INTEGER',
  BIGINT: 'BIGINT',
  HUGEINT: 'DECIMAL(38,0)',
  UTINYINT: 'SMALLINT',
  USMALLINT: 'INTEGER',
  UINTEGER: 'BIGINT',
  UBIGINT: 'DECIMAL(20,0)',
  FLOAT: 'REAL',
  DOUBLE: 'DOUBLE PRECISION',
  DATE: 'DATE',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP',
  TIMESTAMP_S: 'TIMESTAMP',
  TIMESTAMP_MS: 'TIMESTAMP',
  TIMESTAMP_NS: 'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMPTZ',
  BLOB: 'VARBYTE(65535)',
};
