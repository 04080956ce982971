import type { CopyOptions } from '@millrace/core';
import type { ColumnInfo } from '../catalog/table-info.ts';
import {
  formatDate,
  formatOffset,
  formatTime,
  type Moment,
  readDate,
  readEpoch,
  readTime,
  readTimestamp,
} from './moment.ts';
import { compileMomentFormat, readAutoMoment } from './moment-format.ts';
import { LOAD_ERROR, problem, type RowProblem } from './row-problem.ts';
import { firstInvalidByte, hasInvalidBytes, replaceInvalidBytes } from './text-blocks.ts';

/**
 * A field as the table takes it: text that DuckDB casts to the column's type without loss and without failing, or
 * null, or the reason why it cannot be loaded.
 */
export type FieldConverter = (text: string | null) => string | null | RowProblem;

/** The converter of one column under the options of one COPY. `isJson`: values come from JSON, where NULL AS does not apply. */
export function fieldConverter(
  column: ColumnInfo,
  options: CopyOptions,
  { isJson }: { isJson: boolean },
): FieldConverter {
  const nullAs = isJson ? undefined : (options.nullAs ?? '\\N');
  const isText = column.type.name === 'varchar' || column.type.name === 'char';
  const convert = isText ? textConverter(column, options) : valueConverter(column, options);
  const noValue = column.isNullable ? null : problem(LOAD_ERROR.notNull, 'Missing data for not-null field');
  return (text) => {
    if (text === null || text === nullAs) return noValue;
    if (!isText && (text === '' || text.trim() === '')) return noValue;
    const value = convert(text);
    return value === null ? noValue : value;
  };
}

function textConverter(column: ColumnInfo, options: CopyOptions): FieldConverter {
  const { type } = column;
  const length = type.name === 'varchar' || type.name === 'char' ? type.length : 0;
  const isChar = type.name === 'char';
  return (text) => {
    let value = text as string;
    if (options.blanksAsNull && value !== '' && value.trim() === '') return null;
    if (options.trimBlanks && !isChar) value = value.replace(/ +$/u, '');
    if (value === '') return options.emptyAsNull ? null : value;
    if (hasInvalidBytes(value)) {
      if (options.acceptInvalidChars === undefined) return invalidCharacter(value);
      value = replaceInvalidBytes(value, options.acceptInvalidChars);
    }
    if (value.includes('\0')) {
      return problem(
        LOAD_ERROR.utf8,
        'String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: 00 (error 1)',
      );
    }
    if (isChar) {
      value = value.replace(/ +$/u, '');
      const foreign = /[^\p{ASCII}]/u.exec(value)?.[0];
      if (foreign !== undefined) {
        return problem(
          LOAD_ERROR.utf8,
          `Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: ${Buffer.from(foreign).toString('hex').replace(/../gu, '$& ').trim()}`,
        );
      }
    }
    if (value.length * 3 > length && Buffer.byteLength(value) > length) {
      if (options.truncateColumns) return cutBytes(value, length);
      return problem(
        LOAD_ERROR.tooLong,
        isChar ? 'Char length exceeds DDL length' : 'String length exceeds DDL length',
      );
    }
    return value;
  };
}

function invalidCharacter(value: string): RowProblem {
  const hex = firstInvalidByte(value);
  const detail = hex === '' ? 'half of a surrogate pair' : `Bad UTF8 hex sequence: ${hex} (error 3)`;
  return problem(LOAD_ERROR.utf8, `String contains invalid or unsupported UTF8 codepoints. ${detail}`);
}

/** At most `length` bytes of whole characters. */
function cutBytes(value: string, length: number): string {
  const bytes = Buffer.from(value);
  let end = length;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

function valueConverter(column: ColumnInfo, options: CopyOptions): FieldConverter {
  const { type } = column;
  switch (type.name) {
    case 'smallint':
      return integerConverter('Short', 32_767n);
    case 'integer':
      return integerConverter('Integer', 2_147_483_647n);
    case 'bigint':
      return integerConverter('Long', 9_223_372_036_854_775_807n);
    case 'real':
      return (text) => floatOf(text as string, 3.4028234663852886e38);
    case 'double precision':
      return (text) => floatOf(text as string, Number.MAX_VALUE);
    case 'numeric':
      return (text) => decimalOf(text as string, type.precision, type.scale, options.roundDecimals);
    case 'boolean':
      return (text) => booleanOf(text as string);
    case 'date':
      return dateConverter(options);
    case 'timestamp':
    case 'timestamptz':
      return timestampConverter(options, type.name === 'timestamptz');
    case 'time':
    case 'timetz':
      return (text) => {
        const moment = readTime((text as string).trim());
        if (!moment) return problem(LOAD_ERROR.timestamp, 'Invalid time format or value [HH24:MI:SS]');
        return type.name === 'time' ? formatTime(moment) : formatTime(moment) + formatOffset(moment);
      };
    case 'super':
      return (text) => superOf(text as string);
    case 'varbyte':
      return (text) => {
        const isHex = /^(?:[0-9a-f]{2})*$/iu.test(text as string);
        return isHex ? text : problem(LOAD_ERROR.unknown, 'Invalid hexadecimal digits for VARBYTE');
      };
    default:
      return (text) => text;
  }
}

function integerConverter(typeName: string, max: bigint): FieldConverter {
  const safeDigits = String(max).length - 1;
  return (text) => {
    const digits = (text as string).trim();
    if (!/^[+-]?\d+$/u.test(digits)) {
      const at =
        digits.search(/[^\d]/u) === 0 && /^[+-]./u.test(digits)
          ? 1 + digits.slice(1).search(/[^\d]/u)
          : digits.search(/[^\d]/u);
      return problem(
        LOAD_ERROR.digit,
        `Invalid digit, Value '${digits[Math.max(at, 0)] ?? ''}', Pos ${Math.max(at, 0)}, Type: ${typeName}`,
      );
    }
    if (digits.length > safeDigits) {
      const value = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
      if (value > max || value < -max - 1n)
        return problem(LOAD_ERROR.overflow, `Overflow, Value '${digits.slice(0, 40)}', Type: ${typeName}`);
    }
    return digits;
  };
}

function floatOf(text: string, max: number): string | RowProblem {
  const digits = text.trim();
  if (/^(?:nan|[+-]?inf(?:inity)?)$/iu.test(digits)) return digits;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u.test(digits)) {
    return problem(LOAD_ERROR.float, `Invalid digit, Value '${digits.slice(0, 40)}', Type: Float`);
  }
  if (Math.abs(Number(digits)) > max)
    return problem(LOAD_ERROR.float, `Overflow, Value '${digits.slice(0, 40)}', Type: Float`);
  return digits;
}

/** COPY cuts digits beyond the scale off; ROUNDEC rounds them, half away from zero. */
function decimalOf(text: string, precision: number, scale: number, rounds: boolean): string | RowProblem {
  const digits = text.trim();
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/u.exec(digits);
  const [, sign = '', mantissa = '', decimals = '', exponent = '0'] = match ?? [];
  const { whole, fraction } = shiftPoint(mantissa, decimals, Number(exponent));
  if (!match || whole + fraction === '') {
    const at = Math.max(digits.search(/[^\d.+-]/u), 0);
    return problem(LOAD_ERROR.digit, `Invalid digit, Value '${digits[at] ?? ''}', Pos ${at}, Type: Decimal`);
  }
  let unscaled = BigInt(`0${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`);
  if (rounds && fraction.length > scale && (fraction[scale] as string) >= '5') unscaled += 1n;
  const size = String(unscaled);
  if (unscaled !== 0n && size.length > precision)
    return problem(
      LOAD_ERROR.decimal,
      `Numeric Overflow, Value '${digits.slice(0, 40)}', Type: Decimal(${precision},${scale})`,
    );
  const padded = size.padStart(scale + 1, '0');
  const point = padded.length - scale;
  return `${sign === '-' ? '-' : ''}${padded.slice(0, point)}${scale > 0 ? `.${padded.slice(point)}` : ''}`;
}

/** `12.5` with an exponent of 1 is `125.`. */
function shiftPoint(whole: string, fraction: string, places: number): { whole: string; fraction: string } {
  if (places === 0 || whole + fraction === '') return { whole, fraction };
  const digits = whole + fraction;
  const point = whole.length + places;
  const padded = point < 0 ? '0'.repeat(-point) + digits : digits.padEnd(point, '0');
  return { whole: padded.slice(0, Math.max(point, 0)), fraction: padded.slice(Math.max(point, 0)) };
}

const TRUE = new Set(['t', 'true', 'y', 'yes', '1']);
const FALSE = new Set(['f', 'false', 'n', 'no', '0']);

function booleanOf(text: string): string | RowProblem {
  const word = text.trim().toLowerCase();
  if (TRUE.has(word)) return 'true';
  if (FALSE.has(word)) return 'false';
  return problem(LOAD_ERROR.boolean, `Unknown boolean format, Value '${word.slice(0, 40)}'`);
}

function dateConverter(options: CopyOptions): FieldConverter {
  const read = dateReader(options.dateFormat);
  const reason =
    options.dateFormat === undefined
      ? 'Invalid Date Format - length must be 10 or more'
      : `Invalid date format or value [${options.dateFormat}]`;
  return (text) => {
    const moment = read((text as string).trim());
    if (moment) return formatDate(moment);
    if (options.acceptAnyDate) return null;
    const isWellFormed = (text as string).trim().length >= 10;
    return problem(
      LOAD_ERROR.date,
      isWellFormed ? reason.replace(' - length must be 10 or more', ' or value [YYYY-MM-DD]') : reason,
    );
  };
}

function dateReader(format: string | undefined): (text: string) => Moment | undefined {
  if (format === undefined) return readDate;
  return format === 'auto' ? (text) => readDate(text) ?? readAutoMoment(text) : compileMomentFormat(format);
}

function timestampConverter(options: CopyOptions, hasZone: boolean): FieldConverter {
  const read = timestampReader(options.timeFormat, hasZone);
  const shown = options.timeFormat ?? (hasZone ? 'YYYY-MM-DD HH24:MI:SSOF' : 'YYYY-MM-DD HH24:MI:SS');
  return (text) => {
    const moment = read((text as string).trim());
    if (!moment)
      return options.acceptAnyDate
        ? null
        : problem(LOAD_ERROR.timestamp, `Invalid timestamp format or value [${shown}]`);
    const local = `${formatDate(moment)} ${formatTime(moment)}`;
    return hasZone ? local + formatOffset(moment) : local;
  };
}

function timestampReader(format: string | undefined, hasZone: boolean): (text: string) => Moment | undefined {
  switch (format) {
    case undefined:
      return (text) => readTimestamp(text, { offset: hasZone });
    case 'auto':
      return (text) => readTimestamp(text, { offset: true }) ?? readAutoMoment(text);
    case 'epochsecs':
      return (text) => readEpoch(text, 1);
    case 'epochmillisecs':
      return (text) => readEpoch(text, 1000);
    default:
      return compileMomentFormat(format);
  }
}

function superOf(text: string): string | RowProblem {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    return problem(LOAD_ERROR.json, `Not well-formed JSON for SUPER: ${(error as Error).message}`);
  }
}
