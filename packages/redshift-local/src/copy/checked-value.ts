import type { CopyOptions } from '@millrace/core';
import { toDuckType } from '../catalog/duck-type.ts';
import type { ColumnInfo } from '../catalog/table-info.ts';

/** A field as SQL over the text that a reader gives, for whole vectors at once. */
export interface CheckedValue {
  /** The value in the column's type. Never fails. */
  readonly valueSql: string;
  /**
   * True only where the value is certainly what COPY would load. False and NULL mean: let the strict path decide,
   * which may well load the row.
   */
  readonly okSql: string;
}

const FIRST_INSTANT = "TIMESTAMP '0001-01-01'";
const LAST_INSTANT = "TIMESTAMP '9999-12-31 23:59:59.999999'";
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?';
const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const OFFSET = '(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)';
/** Epochs of the years 1 to 9999, in seconds. */
const EPOCHS = { first: -62_135_596_800, last: 253_402_300_799 };

/**
 * The checked value of a column, or undefined when only the strict path knows its rules.
 *
 * A number or a date is right when printing it gives the text back; only where it does not (`007`, `+5`, `12.3` for
 * two digits) a pattern is matched, because patterns cost ten times more.
 */
export function checkedValue(
  column: ColumnInfo,
  field: string,
  options: CopyOptions,
  { isJson }: { isJson: boolean },
): CheckedValue | undefined {
  const checked = checkedByType(column, field, options, isJson);
  if (!checked || column.isNullable) return checked;
  return { ...checked, okSql: `(${checked.okSql}) AND ${checked.valueSql} IS NOT NULL` };
}

function checkedByType(
  column: ColumnInfo,
  field: string,
  options: CopyOptions,
  isJson: boolean,
): CheckedValue | undefined {
  const { type } = column;
  const text = `nullif(${field}, '')`;
  const duckType = toDuckType(type);
  const cast = `TRY_CAST(${text} AS ${duckType})`;
  /** Right when it prints as it was written, or matches the pattern. */
  const check = (valueSql: string, pattern: string, also = ''): CheckedValue => ({
    valueSql,
    okSql:
      `${text} IS NULL OR CAST(${valueSql} AS VARCHAR) = ${text}${also}` +
      ` OR (${valueSql} IS NOT NULL AND regexp_full_match(${text}, '${pattern}')${also})`,
  });
  switch (type.name) {
    case 'varchar':
    case 'char':
      return checkedText(column, field, options, isJson);
    case 'smallint':
    case 'integer':
    case 'bigint':
      return check(cast, ' *[+-]?[0-9]+ *');
    case 'real':
    case 'double precision':
      return {
        valueSql: cast,
        okSql: `${text} IS NULL OR (isfinite(${cast}) AND NOT contains(${text}, '_'))`,
      };
    case 'numeric': {
      const { scale, precision } = type;
      // JSON numbers come through a double: more digits than it keeps are not those of the file.
      const exact = isJson && precision > 15 ? ` AND strlen(${text}) <= 15` : '';
      const dot = `instr(${text}, '.')`;
      const cut = `CASE WHEN ${dot} > 0 AND strlen(${text}) - ${dot} > ${scale} THEN left(${text}, ${dot} + ${scale}) ELSE ${text} END`;
      const value = `TRY_CAST(${options.roundDecimals ? text : cut} AS ${duckType})`;
      return check(value, ' *[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+) *', exact);
    }
    case 'boolean':
      return { valueSql: cast, okSql: `${text} IS NULL OR ${cast} IS NOT NULL` };
    case 'date':
      if (options.dateFormat !== undefined && options.dateFormat !== 'auto') return undefined;
      return {
        valueSql: cast,
        okSql: `${text} IS NULL OR (CAST(${cast} AS VARCHAR) = ${text} AND strlen(${text}) = 10)`,
      };
    case 'time':
      return {
        valueSql: cast,
        okSql: `${text} IS NULL OR (CAST(${cast} AS VARCHAR) = ${text} AND ${cast} < TIME '24:00:00')`,
      };
    case 'timestamp':
    case 'timestamptz':
      return checkedTimestamp(text, duckType, options.timeFormat);
    case 'super':
      return isJson ? { valueSql: field, okSql: 'true' } : undefined;
    default:
      return undefined;
  }
}

function checkedTimestamp(
  text: string,
  duckType: string,
  format: string | undefined,
): CheckedValue | undefined {
  if (format === 'epochsecs' || format === 'epochmillisecs') {
    const perSecond = format === 'epochsecs' ? 1 : 1000;
    const count = `TRY_CAST(${text} AS BIGINT)`;
    const isIn = `${count} BETWEEN ${EPOCHS.first * perSecond} AND ${EPOCHS.last * perSecond}`;
    const local = `make_timestamp(CASE WHEN ${isIn} THEN ${count} * ${1_000_000 / perSecond} END)`;
    const value = duckType === 'TIMESTAMP' ? local : `timezone('UTC', ${local})`;
    return { valueSql: value, okSql: `${text} IS NULL OR (CAST(${count} AS VARCHAR) = ${text} AND ${isIn})` };
  }
  if (format !== undefined && format !== 'auto') return undefined;
  const between = format === 'auto' ? '[ T]' : ' ';
  if (duckType === 'TIMESTAMP') {
    const value = `TRY_CAST(${text} AS TIMESTAMP)`;
    const isIn = `${value} BETWEEN ${FIRST_INSTANT} AND ${LAST_INSTANT}`;
    const offset = format === 'auto' ? `${OFFSET}?` : '';
    const pattern = `${DAY}(${between}${CLOCK}${offset})?`;
    return {
      valueSql: value,
      okSql:
        `${text} IS NULL OR (${isIn} AND ((CAST(${value} AS VARCHAR) = ${text} AND strlen(${text}) > 10)` +
        ` OR regexp_full_match(${text}, '${pattern}')))`,
    };
  }
  // A text without an offset is UTC, whatever the session's time zone is.
  const withOffset = `CASE WHEN regexp_matches(${text}, ':[0-9]{2}(\\.[0-9]+)?${OFFSET}$') THEN ${text} ELSE ${text} || '+00' END`;
  return {
    valueSql: `TRY_CAST(${withOffset} AS TIMESTAMPTZ)`,
    okSql:
      `${text} IS NULL OR (TRY_CAST(left(${text}, 19) AS TIMESTAMP) BETWEEN ${FIRST_INSTANT} AND ${LAST_INSTANT}` +
      ` AND TRY_CAST(${withOffset} AS TIMESTAMPTZ) IS NOT NULL AND regexp_full_match(${text}, '${DAY}${between}${CLOCK}${OFFSET}?'))`,
  };
}

function checkedText(
  { type }: ColumnInfo,
  field: string,
  options: CopyOptions,
  isJson: boolean,
): CheckedValue {
  const length = type.name === 'varchar' || type.name === 'char' ? type.length : 0;
  const isChar = type.name === 'char';
  const trimmed = options.trimBlanks && !isChar ? `rtrim(${field}, ' ')` : field;
  const filled = options.emptyAsNull ? `nullif(${trimmed}, '')` : trimmed;
  const value = isChar ? `rtrim(${filled}, ' ')` : filled;
  const tests = [`strlen(${value}) <= ${length}`];
  if (isChar) tests.push(`strlen(${value}) = length(${value})`);
  if (isJson) tests.push(jsonTextOk(field), `NOT contains(${value}, chr(0))`);
  return { valueSql: value, okSql: `${value} IS NULL OR (${tests.join(' AND ')})` };
}

/**
 * DuckDB's reader gives numbers and nested values as texts of its own making: `1.50` becomes `1.5`. A text that may
 * be one of those is left to the strict path, which keeps what stands in the file.
 */
function jsonTextOk(field: string): string {
  return (
    `CASE WHEN ${field} >= '-' AND ${field} < ':' THEN NOT regexp_full_match(${field}, '-?(Infinity|inf|[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?)') OR regexp_full_match(${field}, '-?[0-9]+')` +
    ` WHEN ${field} >= '{' OR (${field} >= '[' AND ${field} < '\\') THEN NOT regexp_matches(${field}, '[0-9][.eE]|-0|\\\\')` +
    ` ELSE ${field} NOT IN ('NaN', 'nan', 'Infinity', 'inf') END`
  );
}
