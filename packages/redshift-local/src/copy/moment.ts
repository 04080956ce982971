import { daysInMonth } from '@millrace/core';

/** A date and a time of day, as text was read; offset in minutes east of UTC when the text had one. */
export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
  readonly offsetMinutes: number | undefined;
}

const MIDNIGHT = { hour: 0, minute: 0, second: 0, micros: 0, offsetMinutes: undefined };

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/u;
const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:\s?(Z|UTC|[+-]\d{2}(?::?[0-5]\d)?))?$/u;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(?:\s?(Z|UTC|[+-]\d{2}(?::?[0-5]\d)?))?$/u;

/** YYYY-MM-DD, nothing around it. */
export function readDate(text: string): Moment | undefined {
  const match = DATE.exec(text);
  return match ? checked({ ...dateOf(match, 1), ...MIDNIGHT }) : undefined;
}

/** YYYY-MM-DD HH:MI:SS with up to six digits behind the second and, when `offset`, an offset; or a date alone: its midnight. */
export function readTimestamp(text: string, { offset }: { offset: boolean }): Moment | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return readDate(text);
  if (match[8] !== undefined && !offset) return undefined;
  return checked({ ...dateOf(match, 1), ...timeOf(match, 4) });
}

/** HH:MI[:SS[.ffffff]] with an offset where there is one. */
export function readTime(text: string): Moment | undefined {
  const match = TIME.exec(text);
  return match ? checked({ year: 2000, month: 1, day: 1, ...timeOf(match, 1) }) : undefined;
}

/** Seconds or milliseconds since 1970; a fraction is kept to the microsecond. */
export function readEpoch(text: string, perSecond: 1 | 1000): Moment | undefined {
  const match = /^\s*([+-]?)(\d{1,15})(?:\.(\d+))?\s*$/u.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '0', fraction = ''] = match;
  const unit = BigInt(1_000_000 / perSecond);
  const digits = unit === 1_000n ? 3 : 6;
  const size = BigInt(whole) * unit + BigInt(fraction.slice(0, digits).padEnd(digits, '0'));
  return fromEpochMicros(sign === '-' ? -size : size);
}

export function fromEpochMicros(total: bigint): Moment | undefined {
  const micros = ((total % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((total - micros) / 1_000n));
  if (Number.isNaN(date.getTime())) return undefined;
  return checked({
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    micros: Number(micros),
    offsetMinutes: undefined,
  });
}

/** Undefined when there is no such day or time. Years 1 to 9999. */
export function checked(moment: Moment): Moment | undefined {
  const { year, month, day, hour, minute, second, offsetMinutes = 0 } = moment;
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
    return undefined;
  if (hour > 23 || minute > 59 || second > 59 || Math.abs(offsetMinutes) > 15 * 60 + 59) return undefined;
  return moment;
}

export function formatDate({ year, month, day }: Moment): string {
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

export function formatTime({ hour, minute, second, micros }: Moment): string {
  const whole = `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}`;
  return micros === 0 ? whole : `${whole}.${pad(micros, 6)}`;
}

/** `+02:30`, and `+00` where the text said nothing: sessions run in UTC. */
export function formatOffset({ offsetMinutes = 0 }: Moment): string {
  const size = Math.abs(offsetMinutes);
  const minutes = size % 60 === 0 ? '' : `:${pad(size % 60, 2)}`;
  return `${offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${minutes}`;
}

/** Minutes of `Z`, `UTC`, `+02`, `+0230`, `+02:30`. */
export function offsetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'Z' || text === 'UTC') return 0;
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return text.startsWith('-') ? -minutes : minutes;
}

function dateOf(match: RegExpExecArray, at: number): Pick<Moment, 'year' | 'month' | 'day'> {
  return { year: Number(match[at]), month: Number(match[at + 1]), day: Number(match[at + 2]) };
}

function timeOf(match: RegExpExecArray, at: number): Omit<Moment, 'year' | 'month' | 'day'> {
  return {
    hour: Number(match[at]),
    minute: Number(match[at + 1]),
    second: Number(match[at + 2] ?? 0),
    micros: Number((match[at + 3] ?? '').padEnd(6, '0')),
    offsetMinutes: offsetOf(match[at + 4]),
  };
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
