import {
  type CopyOptions,
  daysInMonth,
  type RowValue,
  type TableColumn,
  type ValueCheck,
} from '@millrace/core';

/**
 * What speaks against a value of a column, as COPY would find it in a file; undefined for a type of which nothing is known.
 *
 * It errs on the side of taking: what COPY would load is never refused. A text in a format of dates that is not looked into
 * here, for one, is left to COPY.
 */
export function columnCheck({ type }: TableColumn, options: CopyOptions): ValueCheck | undefined {
  const [, name = '', first, second] =
    /^([a-z ]+?)\s*(?:\((\d+)(?:,\s*(\d+))?\))?$/iu.exec(type.trim()) ?? [];
  const length = Number(first ?? 1);
  switch (name.toLowerCase()) {
    case 'character varying':
    case 'varchar':
      return options.truncateColumns ? undefined : textCheck(Number(first ?? 256), options);
    case 'character':
    case 'char':
      return charCheck(length, options);
    case 'smallint':
      return integerCheck(32_767n);
    case 'integer':
      return integerCheck(2_147_483_647n);
    case 'bigint':
      return integerCheck(9_223_372_036_854_775_807n);
    case 'numeric':
    case 'decimal':
      return decimalCheck(Number(first ?? 18) - Number(second ?? 0));
    case 'real':
      return floatCheck(3.402_823_466_385_288_6e38);
    case 'double precision':
      return floatCheck(Number.MAX_VALUE);
    case 'boolean':
      return checkBoolean;
    case 'date':
      return options.acceptAnyDate || isOwnFormat(options.dateFormat) ? undefined : momentCheck('date');
    case 'timestamp without time zone':
    case 'timestamp with time zone':
    case 'timestamp':
    case 'timestamptz':
      return options.acceptAnyDate || isOwnFormat(options.timeFormat) ? undefined : momentCheck('timestamp');
    case 'super':
      return checkJson;
    default:
      return undefined;
  }
}

/** What is written into the file for a value. */
function textOf(value: RowValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  return typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
}

/** Whether COPY takes a field for NULL in a column that holds no text. */
const isBlank = (text: string): boolean => text.trim() === '';

/** UTF-8 takes at most so many bytes for a unit of UTF-16. */
const BYTES_PER_UNIT = 3;

function textCheck(length: number, { trimBlanks }: CopyOptions): ValueCheck {
  return (value) => {
    const written = textOf(value);
    if (written.length * BYTES_PER_UNIT <= length) return undefined;
    const bytes = Buffer.byteLength(trimBlanks ? written.replace(/ +$/u, '') : written);
    return bytes > length ? `it has ${bytes} bytes` : undefined;
  };
}

function charCheck(length: number, { truncateColumns }: CopyOptions): ValueCheck {
  return (value) => {
    const text = textOf(value).replace(/ +$/u, '');
    const foreign = /[^\p{ASCII}]/u.exec(text)?.[0];
    if (foreign !== undefined) return `it has '${foreign}', and CHAR takes one byte per character`;
    return text.length > length && !truncateColumns ? `it has ${text.length} bytes` : undefined;
  };
}

function integerCheck(max: bigint): ValueCheck {
  const largest = Number(max);
  const safeDigits = String(max).length - 1;
  const outOfRange = `it is not between ${-max - 1n} and ${max}`;
  return (value) => {
    // Beyond 2^53 a number is exact as a text alone.
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      return value > largest || value < -largest - 1 ? outOfRange : undefined;
    }
    const text = textOf(value);
    if (isBlank(text)) return undefined;
    const digits = text.trim();
    if (!/^[+-]?\d+$/u.test(digits)) return 'it is not a whole number';
    if (digits.length <= safeDigits) return undefined;
    const size = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
    return size > max || size < -max - 1n ? outOfRange : undefined;
  };
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/u;

/** COPY cuts decimals off; what stands before the point has to fit. */
function decimalCheck(wholeDigits: number): ValueCheck {
  const bound = 10 ** wholeDigits;
  const tooLarge = `it has more than ${wholeDigits} digits before the point`;
  return (value) => {
    if (typeof value === 'number') return Math.abs(value) >= bound ? tooLarge : undefined;
    const text = textOf(value);
    if (isBlank(text)) return undefined;
    const digits = text.trim();
    if (!NUMBER.test(digits)) return 'it is not a number';
    if (/e/iu.test(digits)) return Math.abs(Number(digits)) >= bound ? tooLarge : undefined;
    const whole = /^[+-]?0*(\d*)/u.exec(digits)?.[1] ?? '';
    return whole.length > wholeDigits ? tooLarge : undefined;
  };
}

function floatCheck(max: number): ValueCheck {
  return (value) => {
    if (typeof value === 'number') return Math.abs(value) > max ? 'it is too large' : undefined;
    const text = textOf(value);
    if (isBlank(text)) return undefined;
    const digits = text.trim();
    if (/^(?:nan|[+-]?inf(?:inity)?)$/iu.test(digits)) return undefined;
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u.test(digits)) return 'it is not a number';
    return Math.abs(Number(digits)) > max ? 'it is too large' : undefined;
  };
}

const TRUTHS = new Set(['t', 'true', 'y', 'yes', '1', 'f', 'false', 'n', 'no', '0']);

const checkBoolean: ValueCheck = (value) => {
  if (typeof value === 'boolean') return undefined;
  const text = textOf(value);
  return isBlank(text) || TRUTHS.has(text.trim().toLowerCase()) ? undefined : 'it is not a boolean';
};

const checkJson: ValueCheck = (value) => {
  const isText = typeof value === 'string' || value instanceof Date;
  if (!isText || isBlank(textOf(value))) return undefined;
  try {
    JSON.parse(textOf(value));
    return undefined;
  } catch {
    return 'it is not JSON; give the column an object, a list, or JSON text';
  }
};

const isOwnFormat = (format: string | undefined): boolean => format !== undefined && format !== 'auto';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?\s?(?:Z|UTC|[+-](\d{2})(?::?(\d{2}))?)?)?$/u;
/** Digits alone are a date or a time in these lengths: YYMMDD, YYYYMMDD, with HHMI and with HHMISS behind. */
const DIGIT_DATES = new Set([6, 8, 10, 12, 14]);

function momentCheck(what: 'date' | 'timestamp'): ValueCheck {
  const isNone = what === 'date' ? 'it is not a date' : 'it is not a time';
  return (value) => {
    if (typeof value === 'string' && isPlainInstant(value)) return undefined;
    if (value instanceof Date) return undefined;
    if (typeof value === 'object' || typeof value === 'boolean') return isNone;
    const text = textOf(value).trim();
    if (text === '') return undefined;
    const match = ISO.exec(text);
    if (match !== null) return isInCalendar(match) ? undefined : `there is no such ${what}`;
    if (typeof value === 'number' || /^[+-]?\d+$/u.test(text)) {
      const isDate = DIGIT_DATES.has(text.length) && !/^[+-]/u.test(text);
      return isDate ? undefined : `${isNone}; numbers are none`;
    }
    // Others have formats that COPY knows and this does not: only what has no digit is none for certain.
    return /\d/u.test(text) ? undefined : isNone;
  };
}

const ZERO = 0x30;

/** `2026-01-31T12:00:00Z`, with milliseconds or without, on one of the days that every month has: what most events carry. */
function isPlainInstant(text: string): boolean {
  const { length } = text;
  if ((length !== 20 && length !== 24) || text.charCodeAt(length - 1) !== 0x5a) return false;
  for (let at = 0; at < length - 1; at += 1) {
    const code = text.charCodeAt(at);
    if (at === 4 || at === 7) {
      if (code !== 0x2d) return false;
    } else if (at === 10) {
      if (code !== 0x54 && code !== 0x20) return false;
    } else if (at === 13 || at === 16) {
      if (code !== 0x3a) return false;
    } else if (at === 19) {
      if (code !== 0x2e) return false;
    } else if (code < ZERO || code > 0x39) return false;
  }
  const pair = (at: number): number => (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
  const [month, day] = [pair(5), pair(8)];
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= 28 && (pair(0) > 0 || pair(2) > 0);
  return isDay && pair(11) <= 23 && pair(14) <= 59 && pair(17) <= 59;
}

/** No zone is as far from UTC, and COPY takes none that is. */
const ZONE_HOURS = 16;

function isInCalendar([
  ,
  y,
  m,
  d,
  h = '0',
  min = '0',
  s = '0',
  zh = '0',
  zm = '0',
]: RegExpExecArray): boolean {
  const [year, month, day] = [Number(y), Number(m), Number(d)];
  const isMonth = year >= 1 && month >= 1 && month <= 12;
  const isDay = isMonth && day >= 1 && day <= daysInMonth(year, month);
  const isZone = Number(zh) < ZONE_HOURS && Number(zm) <= 59;
  return isDay && Number(h) <= 23 && Number(min) <= 59 && Number(s) <= 59 && isZone;
}
