import type { CopyOptions } from '@millrace/core';
import type { ColumnInfo } from '../catalog/table-info.ts';

/**
 * Where the JSON value ends that begins at `at`, or `NOT_PLAIN`. Whoever asks has made sure that a line feed follows
 * somewhere: no plain value has one, so that none is read beyond.
 */
export type PlainValue = (bytes: Uint8Array, at: number) => number;

export const NOT_PLAIN = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const SPACE = 0x20;

/** So many digits go through a double and back. */
const EXACT_DIGITS = 15;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MAX_DIGITS = { smallint: '32767', integer: '2147483647', bigint: '9223372036854775807' } as const;

/**
 * The values of a column that DuckDB's reader gives, in the column's type, just as COPY would load them: JSON's own
 * numbers, truth values, dates of ten characters. Undefined for a column whose values have to be looked at as SQL.
 */
export function plainValueOf(
  { type }: ColumnInfo,
  { dateFormat, timeFormat }: Pick<CopyOptions, 'dateFormat' | 'timeFormat'>,
): PlainValue | undefined {
  const isAuto = (format: string | undefined): boolean => format === undefined || format === 'auto';
  switch (type.name) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return plainInteger(MAX_DIGITS[type.name]);
    // Not REAL: rounded to a double first, a number may come out as the neighbour of what its text says.
    case 'double precision':
      return plainDouble;
    case 'numeric':
      return plainDecimal(type);
    case 'boolean':
      return plainTruth;
    case 'varchar':
      return plainText(type.length);
    case 'date':
      return isAuto(dateFormat) ? plainDate : undefined;
    case 'timestamp':
      return isAuto(timeFormat) ? plainTimestamp : undefined;
    default:
      return undefined;
  }
}

/** Any value without members: of a column that SQL looks at, or of a member that is not loaded. */
export const plainScalar: PlainValue = (bytes, at) => {
  const first = bytes[at] as number;
  if (first === QUOTE) return textEnd(bytes, at + 1) + 1 || NOT_PLAIN;
  if (first === MINUS || isDigit(first)) return plainDouble(bytes, at);
  return first === 0x6e ? nullEnd(bytes, at) : plainTruth(bytes, at);
};

/** @param max the largest; the smallest, which is one farther from 0, is not plain. */
function plainInteger(max: string): PlainValue {
  const largest = Buffer.from(max);
  return (bytes, at) => {
    const first = bytes[at] === MINUS ? at + 1 : at;
    const end = digitsEnd(bytes, first);
    const digits = end - first;
    if (digits === 0 || digits > largest.length) return NOT_PLAIN;
    // -0 and 007, which is no JSON.
    if (bytes[first] === ZERO && (digits > 1 || first > at)) return NOT_PLAIN;
    for (let place = 0; digits === largest.length && place < digits; place += 1) {
      const difference = (bytes[first + place] as number) - (largest[place] as number);
      if (difference > 0) return NOT_PLAIN;
      if (difference < 0) break;
    }
    return end;
  };
}

/** Neither as many digits nor as large an exponent as would overflow, or be rounded twice. */
const plainDouble: PlainValue = (bytes, at) => {
  const whole = wholeEnd(bytes, at);
  if (whole === NOT_PLAIN) return NOT_PLAIN;
  let end = whole;
  if (bytes[whole] === DOT) {
    end = digitsEnd(bytes, whole + 1);
    if (end === whole + 1) return NOT_PLAIN;
  } else if (bytes[at] === MINUS && bytes[at + 1] === ZERO) {
    return NOT_PLAIN;
  }
  if (end - at > 19) return NOT_PLAIN;
  return ((bytes[end] as number) | 0x20) === 0x65 ? exponentEnd(bytes, end + 1) : end;
};

function plainDecimal({ precision, scale }: { precision: number; scale: number }): PlainValue {
  return (bytes, at) => {
    const whole = wholeEnd(bytes, at);
    const first = bytes[at] === MINUS ? at + 1 : at;
    if (whole === NOT_PLAIN || whole - first > precision - scale) {
      // `0.5` has a digit more than its column's values.
      if (whole === NOT_PLAIN || bytes[first] !== ZERO) return NOT_PLAIN;
    }
    if (bytes[whole] !== DOT) {
      const isZeroBelow = first > at && bytes[first] === ZERO;
      return isZeroBelow || whole - first > EXACT_DIGITS ? NOT_PLAIN : whole;
    }
    const end = digitsEnd(bytes, whole + 1);
    const decimals = end - whole - 1;
    // More decimals are cut off by COPY and rounded by DuckDB.
    if (decimals === 0 || decimals > scale || whole - first + decimals > EXACT_DIGITS) return NOT_PLAIN;
    return end;
  };
}

const plainTruth: PlainValue = (bytes, at) => {
  if (bytes[at] === 0x74)
    return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : NOT_PLAIN;
  const isFalse =
    bytes[at] === 0x66 &&
    bytes[at + 1] === 0x61 &&
    bytes[at + 2] === 0x6c &&
    bytes[at + 3] === 0x73 &&
    bytes[at + 4] === 0x65;
  return isFalse ? at + 5 : NOT_PLAIN;
};

/** @param length in bytes. A text with escapes may be shorter than it looks: then it is not plain, although it fits. */
function plainText(length: number): PlainValue {
  return (bytes, at) => {
    if (bytes[at] !== QUOTE) return NOT_PLAIN;
    const end = textEnd(bytes, at + 1);
    return end === NOT_PLAIN || end - at - 1 > length ? NOT_PLAIN : end + 1;
  };
}

/** `"2024-02-29"` */
const plainDate: PlainValue = (bytes, at) =>
  bytes[at] === QUOTE && isDay(bytes, at + 1) && bytes[at + 11] === QUOTE ? at + 12 : NOT_PLAIN;

/** `"2024-02-29 23:59:59.999999"` */
const plainTimestamp: PlainValue = (bytes, at) => {
  if (bytes[at] !== QUOTE || !isDay(bytes, at + 1) || bytes[at + 11] !== SPACE) return NOT_PLAIN;
  if (!isBelow(bytes, at + 12, 24) || bytes[at + 14] !== 0x3a) return NOT_PLAIN;
  if (!isBelow(bytes, at + 15, 60) || bytes[at + 17] !== 0x3a || !isBelow(bytes, at + 18, 60))
    return NOT_PLAIN;
  let end = at + 20;
  if (bytes[end] === DOT) {
    end = digitsEnd(bytes, at + 21);
    if (end === at + 21 || end > at + 27) return NOT_PLAIN;
  }
  return bytes[end] === QUOTE ? end + 1 : NOT_PLAIN;
};

/**
 * The closing quote of the text that begins at `at`. Not plain are control characters, which are no JSON, and those
 * escapes that may not stand for a character: NUL, and halves of a surrogate pair.
 */
export function textEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += 1) {
    while (ENDS_TEXT[bytes[at] as number] === 0) at += 1;
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH) return NOT_PLAIN;
    at = escapeEnd(bytes, at + 1);
    if (at === NOT_PLAIN) return NOT_PLAIN;
  }
}

/** By the byte: 1 where more than the next byte has to be done. One look per byte is what this search costs. */
const ENDS_TEXT = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < SPACE || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);
const ESCAPES = Buffer.from('"\\/bfnrt');

/** The last byte of the escape whose backslash stands before `at`. */
function escapeEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x75) return ESCAPES.includes(bytes[at] as number) ? at : NOT_PLAIN;
  let code = 0;
  for (let place = at + 1; place <= at + 4; place += 1) {
    const byte = bytes[place] as number;
    const letter = byte | 0x20;
    if (isDigit(byte)) code = code * 16 + byte - ZERO;
    else if (letter >= 0x61 && letter <= 0x66) code = code * 16 + letter - 0x57;
    else return NOT_PLAIN;
  }
  return code === 0 || (code >= 0xd800 && code <= 0xdfff) ? NOT_PLAIN : at + 4;
}

function isDay(bytes: Uint8Array, at: number): boolean {
  const [century, rest] = [pairAt(bytes, at), pairAt(bytes, at + 2)];
  const [month, day] = [pairAt(bytes, at + 5), pairAt(bytes, at + 8)];
  if (century < 0 || rest < 0 || bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS) return false;
  if (month < 1 || month > 12 || day < 1 || day > (DAYS[month - 1] as number)) return false;
  const year = century * 100 + rest;
  if (month === 2 && day === 29) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) && year > 0;
  return year > 0;
}

function isBelow(bytes: Uint8Array, at: number, bound: number): boolean {
  const value = pairAt(bytes, at);
  return value >= 0 && value < bound;
}

/** Two digits, or -1. */
function pairAt(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] as number;
  const ones = bytes[at + 1] as number;
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : -1;
}

/** Sign and digits as JSON writes them: no zero before others. */
function wholeEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at] === MINUS ? at + 1 : at;
  const end = digitsEnd(bytes, first);
  return end === first || (bytes[first] === ZERO && end > first + 1) ? NOT_PLAIN : end;
}

function exponentEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at] === MINUS || bytes[at] === 0x2b ? at + 1 : at;
  const end = digitsEnd(bytes, first);
  return end === first || end > first + 2 ? NOT_PLAIN : end;
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at] as number)) at += 1;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** Where `null` ends. */
export function nullEnd(bytes: Uint8Array, at: number): number {
  return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : NOT_PLAIN;
}
