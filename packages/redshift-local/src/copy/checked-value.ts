import type { CopyOptions } from '@millrace/core';
import { toDuckType } from '../catalog/duck-type.ts';
import type { ColumnInfo } from '../catalog/table-info.ts';
import { plainValueOf } from './plain-value.ts';

/**
 * A field as SQL, for whole vectors at once. A reader gives `f0`, `f1` …; over them stand the texts `x0` …, over those
 * the values `v0` …: one projection each, so that nothing is computed twice.
 */
export interface CheckedValue {
  /** x over f: the text with what stands for NULL removed. */
  readonly textSql: string;
  /** v over x: the value in the column's type. Never fails. */
  readonly valueSql: string;
  /**
   * Over x and v. True only where the value is certainly what COPY would load. False and NULL mean: let the strict
   * path decide, which may well load the row.
   */
  readonly okSql: string;
  /** What DuckDB's reader of JSON makes of the field. */
  readonly readType: string;
}

const FIRST_INSTANT = "TIMESTAMP '0001-01-01'";
const LAST_INSTANT = "TIMESTAMP '9999-12-31 23:59:59.999999'";
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?';
const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const OFFSET = '(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)';
/** Epochs of the years 1 to 9999, in seconds. */
const EPOCHS = { first: -62_135_596_800, last: 253_402_300_799 };

/**
 * The checked value of field `index`, or undefined when only the strict path knows the column's rules.
 *
 * A number or a date is right when printing it gives the text back; only where it does not (`007`, `+5`, `12.3` for
 * two digits) the text itself is looked at, because patterns cost ten times more.
 */
export function checkedValue(
  column: ColumnInfo,
  index: number,
  options: CopyOptions,
  { isJson }: { isJson: boolean },
): CheckedValue | undefined {
  const checked = checkedByType(column, index, options, isJson);
  if (!checked) return undefined;
  // Empty texts are NULL. In CSV there are many, and casts fail slowly; in JSON hardly any, so that they are asked about last.
  const { textSql = isJson ? `f${index}` : `nullif(f${index}, '')`, valueSql } = checked;
  const isEmpty = isJson && checked.textSql === undefined ? ` OR x${index} = ''` : '';
  const okSql = column.isNullable
    ? `x${index} IS NULL OR (${checked.okSql})${isEmpty}`
    : `v${index} IS NOT NULL AND (${checked.okSql})`;
  return { textSql, valueSql, okSql, readType: column.type.name === 'super' ? 'JSON' : 'VARCHAR' };
}

/**
 * The same field where it is known that its values are plain: read in its type, and nothing left to check. As it is
 * for a column whose values are looked at in SQL all the same.
 */
export function plainOrChecked(
  checked: CheckedValue,
  column: ColumnInfo,
  index: number,
  options: CopyOptions,
): CheckedValue {
  if (!plainValueOf(column, options)) return checked;
  const { textSql } = checked;
  // An empty text may still become NULL.
  const okSql = column.isNullable || column.type.name !== 'varchar' ? 'true' : `v${index} IS NOT NULL`;
  return { textSql, valueSql: `x${index}`, okSql, readType: toDuckType(column.type) };
}

type Checked = Pick<CheckedValue, 'valueSql' | 'okSql'> & Partial<Pick<CheckedValue, 'textSql'>>;

function checkedByType(
  column: ColumnInfo,
  index: number,
  options: CopyOptions,
  isJson: boolean,
): Checked | undefined {
  const { type } = column;
  const text = `x${index}`;
  const value = `v${index}`;
  const duckType = toDuckType(type);
  const valueSql = `TRY_CAST(${text} AS ${duckType})`;
  const printed = `CAST(${value} AS VARCHAR) = ${text}`;
  switch (type.name) {
    case 'varchar':
    case 'char':
      return checkedText(column, index, options, isJson);
    case 'smallint':
    case 'integer':
    case 'bigint':
      return {
        valueSql,
        okSql: `${printed} OR (${value} IS NOT NULL AND regexp_full_match(${text}, ' *[+-]?[0-9]+ *'))`,
      };
    case 'real':
    case 'double precision':
      return { valueSql, okSql: `isfinite(${value}) AND NOT contains(${text}, '_')` };
    case 'numeric': {
      const { scale, precision } = type;
      const dot = `instr(${text}, '.')`;
      const cut = `CASE WHEN ${dot} > 0 AND strlen(${text}) - ${dot} > ${scale} THEN left(${text}, ${dot} + ${scale}) ELSE ${text} END`;
      const plain = ['_', 'e', 'E'].map((char) => `NOT contains(${text}, '${char}')`).join(' AND ');
      // JSON numbers come through a double: more digits than it keeps are not those of the file.
      const exact = isJson && precision > 15 ? `strlen(${text}) <= 15 AND ` : '';
      return {
        valueSql: `TRY_CAST(${options.roundDecimals ? text : cut} AS ${duckType})`,
        okSql: `${exact}(${printed} OR (${value} IS NOT NULL AND ${plain}))`,
      };
    }
    case 'boolean':
      return { valueSql, okSql: `${value} IS NOT NULL` };
    case 'date':
      if (options.dateFormat !== undefined && options.dateFormat !== 'auto') return undefined;
      return { valueSql, okSql: `${printed} AND strlen(${text}) = 10` };
    case 'time':
      return { valueSql, okSql: `${printed} AND ${value} < TIME '24:00:00'` };
    case 'timestamp':
    case 'timestamptz':
      return checkedTimestamp(text, value, duckType, options.timeFormat);
    case 'super':
      return isJson ? { textSql: `f${index}`, valueSql: text, okSql: 'true' } : undefined;
    default:
      return undefined;
  }
}

function checkedTimestamp(
  text: string,
  value: string,
  duckType: string,
  format: string | undefined,
): Checked | undefined {
  if (format === 'epochsecs' || format === 'epochmillisecs') {
    const perSecond = format === 'epochsecs' ? 1 : 1000;
    const count = `TRY_CAST(${text} AS BIGINT)`;
    const isIn = `${count} BETWEEN ${EPOCHS.first * perSecond} AND ${EPOCHS.last * perSecond}`;
    const local = `make_timestamp(CASE WHEN ${isIn} THEN ${count} * ${1_000_000 / perSecond} END)`;
    return {
      valueSql: duckType === 'TIMESTAMP' ? local : `timezone('UTC', ${local})`,
      okSql: `${value} IS NOT NULL AND CAST(${count} AS VARCHAR) = ${text}`,
    };
  }
  if (format !== undefined && format !== 'auto') return undefined;
  const between = format === 'auto' ? '[ T]' : ' ';
  if (duckType === 'TIMESTAMP') {
    const pattern = `${DAY}(${between}${CLOCK}${format === 'auto' ? `${OFFSET}?` : ''})?`;
    return {
      valueSql: `TRY_CAST(${text} AS TIMESTAMP)`,
      okSql:
        `${value} BETWEEN ${FIRST_INSTANT} AND ${LAST_INSTANT}` +
        ` AND ((CAST(${value} AS VARCHAR) = ${text} AND strlen(${text}) > 10) OR regexp_full_match(${text}, '${pattern}'))`,
    };
  }
  // A text without an offset is UTC, whatever the session's time zone is.
  const withOffset = `CASE WHEN regexp_matches(${text}, ':[0-9]{2}(\\.[0-9]+)?${OFFSET}$') THEN ${text} ELSE ${text} || '+00' END`;
  return {
    valueSql: `TRY_CAST(${withOffset} AS TIMESTAMPTZ)`,
    okSql:
      `${value} IS NOT NULL AND TRY_CAST(left(${text}, 19) AS TIMESTAMP) BETWEEN ${FIRST_INSTANT} AND ${LAST_INSTANT}` +
      ` AND regexp_full_match(${text}, '${DAY}${between}${CLOCK}${OFFSET}?')`,
  };
}

function checkedText({ type }: ColumnInfo, index: number, options: CopyOptions, isJson: boolean): Checked {
  const length = type.name === 'varchar' || type.name === 'char' ? type.length : 0;
  const isChar = type.name === 'char';
  const field = `f${index}`;
  const text = `x${index}`;
  const trimmed = options.trimBlanks && !isChar ? `rtrim(${field}, ' ')` : field;
  const filled = options.emptyAsNull ? `nullif(${trimmed}, '')` : trimmed;
  const tests = [`strlen(${text}) <= ${length}`];
  if (isChar) tests.push(`strlen(${text}) = length(${text})`);
  // NULs are looked for in the bytes, where they stand as they are or escaped.
  if (isJson) tests.push(jsonTextOk(text));
  return { textSql: isChar ? `rtrim(${filled}, ' ')` : filled, valueSql: text, okSql: tests.join(' AND ') };
}

/**
 * DuckDB's reader gives numbers and nested values as texts of its own making: `1.50` becomes `1.5`. A text that may
 * be one of those is left to the strict path, which keeps what stands in the file.
 */
function jsonTextOk(text: string): string {
  const isPlain = `(${text} < '-' OR (${text} >= ':' AND ${text} < '[') OR (${text} >= '\\' AND ${text} < '{') OR ${text} >= '|') AND ${text} NOT IN ('NaN', 'Infinity')`;
  const isWhole = `regexp_full_match(${text}, '-?[0-9]+')`;
  const mayBeNumber = `regexp_full_match(${text}, '-?(Infinity|inf|[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?)')`;
  const mayBeNested = `(${text} >= '[' AND regexp_matches(${text}, '[0-9][.eE]|-0|\\\\'))`;
  return `((${isPlain}) OR ${isWhole} OR NOT (${mayBeNumber} OR ${mayBeNested} OR ${text} IN ('NaN', 'Infinity')))`;
}
