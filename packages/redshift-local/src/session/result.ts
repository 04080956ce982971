import { type DuckDBMaterializedResult, DuckDBTypeId, type Json } from '@duckdb/node-api';

/**
 * A value of a result row.
 *
 * - SMALLINT, INTEGER: number. BIGINT: number up to 2^53 - 1, beyond it a string of digits.
 * - NUMERIC: a string, with its scale (`'1.20'`). REAL, DOUBLE PRECISION: number; `'NaN'`, `'Infinity'` as strings.
 * - BOOLEAN: boolean.
 * - DATE: `YYYY-MM-DD`. TIMESTAMP: `YYYY-MM-DD HH:MM:SS[.ffffff]`. TIMESTAMPTZ: the same with `+00` behind, in UTC.
 * - INTERVAL: as PostgreSQL writes it: `1 mon 2 days 03:04:05`. SUPER: its JSON text. VARBYTE: hexadecimal digits. Everything else: a string.
 */
export type Value = string | number | boolean | null;

export interface ResultColumn {
  readonly name: string;
  /** As drivers name it: `int2 int4 int8 float4 float8 numeric bool varchar date time timetz timestamp timestamptz interval super varbyte`. */
  readonly type: string;
  /** Digits, of `numeric` columns. */
  readonly precision?: number;
  readonly scale?: number;
}

export interface RowsResult {
  readonly kind: 'rows';
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly Value[])[];
}

export interface CommandResult {
  readonly kind: 'command';
  /** The statement's first words in upper case: `INSERT`, `COPY`, `CREATE TABLE` … */
  readonly tag: string;
  /** Rows that were inserted, updated, deleted or copied; 0 for the rest. */
  readonly rowsAffected: number;
}

export type Result = RowsResult | CommandResult;

export function command(tag: string, rowsAffected = 0): CommandResult {
  return { kind: 'command', tag, rowsAffected };
}

const TYPE_NAMES: ReadonlyMap<DuckDBTypeId, string> = new Map([
  [DuckDBTypeId.BOOLEAN, 'bool'],
  [DuckDBTypeId.TINYINT, 'int2'],
  [DuckDBTypeId.UTINYINT, 'int2'],
  [DuckDBTypeId.SMALLINT, 'int2'],
  [DuckDBTypeId.USMALLINT, 'int4'],
  [DuckDBTypeId.INTEGER, 'int4'],
  [DuckDBTypeId.SQLNULL, 'varchar'],
  [DuckDBTypeId.UINTEGER, 'int8'],
  [DuckDBTypeId.BIGINT, 'int8'],
  [DuckDBTypeId.UBIGINT, 'int8'],
  [DuckDBTypeId.HUGEINT, 'int8'],
  [DuckDBTypeId.UHUGEINT, 'int8'],
  [DuckDBTypeId.FLOAT, 'float4'],
  [DuckDBTypeId.DOUBLE, 'float8'],
  [DuckDBTypeId.DECIMAL, 'numeric'],
  [DuckDBTypeId.DATE, 'date'],
  [DuckDBTypeId.TIME, 'time'],
  [DuckDBTypeId.TIME_TZ, 'timetz'],
  [DuckDBTypeId.TIMESTAMP, 'timestamp'],
  [DuckDBTypeId.TIMESTAMP_S, 'timestamp'],
  [DuckDBTypeId.TIMESTAMP_MS, 'timestamp'],
  [DuckDBTypeId.TIMESTAMP_NS, 'timestamp'],
  [DuckDBTypeId.TIMESTAMP_TZ, 'timestamptz'],
  [DuckDBTypeId.INTERVAL, 'interval'],
  [DuckDBTypeId.BLOB, 'varbyte'],
  [DuckDBTypeId.LIST, 'super'],
  [DuckDBTypeId.ARRAY, 'super'],
  [DuckDBTypeId.STRUCT, 'super'],
  [DuckDBTypeId.MAP, 'super'],
]);

/** A DuckDB result as Redshift would hand it out. Reads all rows into memory. */
export async function toRowsResult(result: DuckDBMaterializedResult): Promise<RowsResult> {
  const columns = result.columnNames().map((name, at) => toResultColumn(name, result, at));
  const readers = columns.map(({ type }) => READERS[type] ?? readText);
  const rows = await result.getRowsJson();
  return {
    kind: 'rows',
    columns,
    rows: rows.map((row) =>
      row.map((value, at) => (value === null ? null : (readers[at] ?? readText)(value))),
    ),
  };
}

function toResultColumn(name: string, result: DuckDBMaterializedResult, at: number): ResultColumn {
  const type = result.columnType(at);
  if (type.typeId === DuckDBTypeId.DECIMAL && 'width' in type && 'scale' in type) {
    return { name, type: 'numeric', precision: Number(type.width), scale: Number(type.scale) };
  }
  if (type.alias === 'JSON') return { name, type: 'super' };
  return { name, type: TYPE_NAMES.get(type.typeId) ?? 'varchar' };
}

const READERS: Readonly<Record<string, (value: Json) => Value>> = {
  bool: (value) => value === true,
  int2: Number,
  int4: Number,
  int8: readBigint,
  float4: (value) => (typeof value === 'number' ? Number(value.toPrecision(7)) : String(value)),
  float8: (value) => (typeof value === 'number' ? value : String(value)),
  varbyte: readBytes,
  interval: readInterval,
};

function readBigint(value: Json): Value {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function readText(value: Json): Value {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** DuckDB prints a blob as ASCII with `\xAB` for the rest. */
function readBytes(value: Json): Value {
  const text = String(value);
  let digits = '';
  for (let at = 0; at < text.length; ) {
    const isEscape = text.startsWith('\\x', at);
    digits += isEscape
      ? text.slice(at + 2, at + 4).toLowerCase()
      : text.charCodeAt(at).toString(16).padStart(2, '0');
    at += isEscape ? 4 : 1;
  }
  return digits;
}

const MICROS_PER_SECOND = 1_000_000n;

/** DuckDB hands out months, days and microseconds, which have no common measure. */
function readInterval(value: Json): Value {
  const { months, days, micros } = value as { months: number; days: number; micros: string };
  const years = Math.trunc(months / 12);
  const parts = [unitText(years, 'year'), unitText(months % 12, 'mon'), unitText(days, 'day')];
  const time = BigInt(micros);
  const words = parts.filter((part) => part !== undefined);
  if (time !== 0n || words.length === 0) words.push(timeText(time));
  return words.join(' ');
}

function unitText(count: number, unit: string): string | undefined {
  if (count === 0) return undefined;
  return `${count} ${unit}${Math.abs(count) === 1 ? '' : 's'}`;
}

function timeText(micros: bigint): string {
  const absolute = micros < 0n ? -micros : micros;
  const seconds = absolute / MICROS_PER_SECOND;
  const fraction = absolute % MICROS_PER_SECOND;
  const two = (number: bigint): string => String(number).padStart(2, '0');
  const whole = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/u, '')}`;
  return `${micros < 0n ? '-' : ''}${whole}${digits}`;
}
