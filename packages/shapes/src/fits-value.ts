import type { CopyOptions, TableColumn } from '@millrace/core';
import { isCalendarDate, isClockTime } from './calendar.ts';

/** Whether COPY would take a text (latin1, no NULL) for the column. What it cannot judge it lets pass: COPY refuses it. */
export type ValueJudge = (text: string) => boolean;

const WHOLE_MAX: Readonly<Record<string, bigint>> = {
  smallint: 32_767n,
  integer: 2_147_483_647n,
  bigint: 9_223_372_036_854_775_807n,
};
const FLOAT_MAX: Readonly<Record<string, number>> = {
  real: 3.402_823_466_385_288_6e38,
  'double precision': Number.MAX_VALUE,
};
const BOOLEANS = new Set(['t', 'true', 'y', 'yes', '1', 'f', 'false', 'n', 'no', '0']);
const NUMBER = /^[+-]?(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d{1,3}))?$/u;
const MOMENT =
  /^(\d{4}-\d{2}-\d{2})(?:([ T])(\d{2}:\d{2}:\d{2})(?:\.\d{1,6})?(\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?$/u;

/** How values are judged that go into the column, under the options of their COPY. */
export function judgeOf({ type }: Pick<TableColumn, 'type'>, options: CopyOptions): ValueJudge {
  const text = /^character varying\((\d+)\)$/u.exec(type)?.[1];
  if (text !== undefined)
    return options.truncateColumns ? () => true : (value) => value.length <= Number(text);
  const fixed = /^character\((\d+)\)$/u.exec(type)?.[1];
  if (fixed !== undefined) return (value) => fitsChar(value, Number(fixed), options);
  const whole = WHOLE_MAX[type];
  if (whole !== undefined) return (value) => fitsWhole(value.trim(), whole);
  const [, precision, scale] = /^numeric\((\d+),\s*(\d+)\)$/u.exec(type) ?? [];
  if (precision !== undefined) return (value) => fitsDecimal(value.trim(), Number(precision) - Number(scale));
  const float = FLOAT_MAX[type];
  if (float !== undefined) return (value) => fitsFloat(value.trim(), float);
  if (type === 'boolean') return (value) => BOOLEANS.has(value.trim().toLowerCase());
  if (type === 'date') return dateJudge(options);
  if (type.startsWith('timestamp')) return timestampJudge(options, type.endsWith('with time zone'));
  if (type === 'super' || type === 'json' || type === 'jsonb') return isJson;
  return () => true;
}

function fitsChar(value: string, length: number, { truncateColumns }: CopyOptions): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a CHAR holds ASCII alone, control characters too.
  if (!/^[\u0000-\u007f]*$/u.test(value)) return false;
  return truncateColumns || value.replace(/ +$/u, '').length <= length;
}

function fitsWhole(text: string, max: bigint): boolean {
  if (!/^[+-]?\d{1,40}$/u.test(text)) return false;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value <= max && value >= -max - 1n;
}

/** Digits behind the scale are cut off by COPY; those before the point have to find room. */
function fitsDecimal(text: string, wholeDigits: number): boolean {
  const [, before = '', , , exponent = '0'] = NUMBER.exec(text) ?? [];
  if (!NUMBER.test(text)) return false;
  const significant = before.replace(/^0+/u, '').length;
  if (exponent === '0') return significant <= wholeDigits;
  return Math.abs(Number(text)) < 10 ** wholeDigits;
}

function fitsFloat(text: string, max: number): boolean {
  if (/^(?:nan|[+-]?inf(?:inity)?)$/iu.test(text)) return true;
  return NUMBER.test(text) && Math.abs(Number(text)) <= max;
}

function dateJudge({ dateFormat, acceptAnyDate }: CopyOptions): ValueJudge {
  if (acceptAnyDate) return () => true;
  const isOwn = (value: string): boolean => /^\d{4}-\d{2}-\d{2}$/u.test(value) && isCalendarDate(value);
  if (dateFormat === undefined) return (value) => isOwn(value.trim());
  // COPY knows many forms then, all with digits in them.
  return dateFormat === 'auto' ? (value) => isOwn(value.trim()) || mayBeMoment(value) : () => true;
}

function timestampJudge({ timeFormat, acceptAnyDate }: CopyOptions, hasZone: boolean): ValueJudge {
  if (acceptAnyDate) return () => true;
  const isOwn = (value: string): boolean => {
    const [, day, between, time, zone] = MOMENT.exec(value) ?? [];
    if (day === undefined || !isCalendarDate(day)) return false;
    if (time === undefined) return true;
    return isClockTime(time) && between === ' ' && (hasZone || zone === undefined);
  };
  if (timeFormat === undefined) return (value) => isOwn(value.trim());
  if (timeFormat === 'auto') return (value) => mayBeMoment(value);
  if (timeFormat === 'epochsecs' || timeFormat === 'epochmillisecs')
    return (value) => /^\s*[+-]?\d{1,15}(?:\.\d+)?\s*$/u.test(value);
  return () => true;
}

/** A date or a time in one of the many forms that COPY takes by `auto`: of ISO's it is known which there are. */
function mayBeMoment(text: string): boolean {
  const value = text.trim();
  const [, day, , time] = MOMENT.exec(value) ?? [];
  if (day !== undefined) return isCalendarDate(day) && (time === undefined || isClockTime(time));
  return /\d/u.test(value) && value.length >= 6 && value.length <= 40;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
