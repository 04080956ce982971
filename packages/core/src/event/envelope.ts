/** What JSON can say. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * The envelope of an event. What else a sender put beside these keys is kept as it came: transforms may read it.
 */
export interface Event {
  /** Given by the sender, or by the producer before the event is first stored. The same id is the same event. */
  readonly id: string;
  /** Decides which transform takes it: `page.viewed`. */
  readonly type: string;
  /** Who sent it. */
  readonly source?: string;
  /** When it happened, ISO 8601 with a zone. */
  readonly time: string;
  readonly data: JsonValue;
  readonly [other: string]: JsonValue | undefined;
}

/** Why something is not an event, or not one that can become rows. */
export interface EventProblem {
  readonly code: string;
  /** What is wrong with it, and what to do. */
  readonly reason: string;
  /** The table that a row of it was for, when it is about one. */
  readonly target?: string;
}

export type EventReading =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'invalid'; readonly problem: EventProblem };

/** Longer ones would not fit where ids and types are kept: in keys of tables, in metrics. */
const MAX_NAME = 256;
/**
 * Date and time with a zone: without one, nobody knows the instant. Zones are less than sixteen hours away from UTC: of others
 * no warehouse makes a time.
 */
const INSTANT =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)$/iu;
/** Every month has these. */
const COMMON_DAYS = 28;

/** Not as most write it: another zone, more digits than microseconds, a comma before them, no seconds, small letters, a space. */
const UNUSUAL = /[^Z]$|[,tz ]|\.\d{7}|^.{16}[^:]/u;
const MINUTE_MS = 60_000;
const PARTS = /^(.{10})[T ](\d\d:\d\d)(:\d\d)?([.,]\d+)?(.+)$/iu;

export interface EventDefaults {
  /** The id of an event that came without one. */
  readonly id: () => string;
  /** The time of an event that came without one: when it was received. */
  readonly time: () => string;
}

/** Reads what a sender sent as an event: checked, id and time filled in where they are missing. */
export function readEvent(value: unknown, defaults: EventDefaults): EventReading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid(
      'event-invalid',
      'an event is an object; send {"id": …, "type": …, "time": …, "data": {…}}',
    );
  }
  const fields = value as Readonly<Record<string, JsonValue | undefined>>;
  const { id = defaults.id(), type, source, time = defaults.time(), data = null } = fields;
  if (!isName(id)) return invalid('event-id-invalid', nameProblem('id', id));
  if (!isName(type)) return invalid('event-type-invalid', nameProblem('type', type));
  if (source !== undefined && !isName(source))
    return invalid('event-source-invalid', nameProblem('source', source));
  if (typeof time !== 'string' || !isInstant(time)) {
    const shown = JSON.stringify(time)?.slice(0, 60);
    return invalid(
      'event-time-invalid',
      `'time' is ${shown}; write ISO 8601 with a zone, such as 2026-01-31T12:00:00Z`,
    );
  }
  const isWhole = fields.id !== undefined && fields.time !== undefined && fields.data !== undefined;
  return { kind: 'event', event: (isWhole ? fields : { ...fields, id, type, time, data }) as Event };
}

function isInstant(time: string): boolean {
  if (!INSTANT.test(time)) return false;
  const day = Number(time.slice(8, 10));
  // JavaScript takes February 30th for a day in March; a table takes it for none.
  return day <= COMMON_DAYS || new Date(time.slice(0, 10)).getUTCDate() === day;
}

/** An event as a stream keeps it, in UTF-8. */
export function textOfEvent(event: Event): string {
  return JSON.stringify(event);
}

/** `2026-01-31T12:00:00Z`, with milliseconds or without, as far as it has to be looked at: no event should pay for the others. */
function isPlain(time: string): boolean {
  const { length } = time;
  if ((length !== 20 && length !== 24) || time.charCodeAt(length - 1) !== 0x5a) return false;
  const isSplit = time.charCodeAt(10) === 0x54 && time.charCodeAt(16) === 0x3a;
  return isSplit && (length === 20 || time.charCodeAt(19) === 0x2e);
}

/**
 * The same event, its time as every column of times reads it: in UTC, because a TIMESTAMP drops the zone, and 12:00+02 would be
 * later than 11:00Z; finer than a microsecond it is in no table.
 */
export function withUsualTime(event: Event): Event {
  const { time } = event;
  if (isPlain(time) || !UNUSUAL.test(time)) return event;
  const [, date = '', minutes = '', seconds = ':00', fraction = '', zone = ''] = PARTS.exec(time) ?? [];
  const short = fraction.replace(',', '.').slice(0, '.123456'.length);
  const local = `${date}T${minutes}${seconds}`;
  return { ...event, time: `${toUtc(local, zone)}${short}Z` };
}

/** A time of seconds in UTC; as it is, where that is in no year of four digits. */
function toUtc(local: string, zone: string): string {
  if (/^Z$/iu.test(zone)) return local;
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/u.exec(zone) ?? [];
  const aheadMs = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS * (sign === '-' ? -1 : 1);
  const utc = new Date(Date.parse(`${local}Z`) - aheadMs);
  const isWritable = utc.getUTCFullYear() >= 1 && utc.getUTCFullYear() <= 9999;
  return isWritable ? utc.toISOString().slice(0, local.length) : local;
}

/** The event of a stream's record; `invalid` for what no producer of ours has put there. */
export function decodeEvent(data: Uint8Array): EventReading {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
  } catch (cause) {
    return invalid('event-not-json', `the record is not JSON: ${(cause as Error).message}`);
  }
  const { id, type, time } = (value ?? {}) as Readonly<Record<string, unknown>>;
  // Checked in full when it was taken: here only that it is one.
  if (typeof id === 'string' && typeof type === 'string' && typeof time === 'string') {
    return { kind: 'event', event: withUsualTime(value as Event) };
  }
  return invalid('event-invalid', "the record is not an event: it lacks 'id', 'type' or 'time'");
}

function isName(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_NAME) return false;
  // Half a character is not kept: two ids that differ in nothing else would become one.
  return !value.includes('\0') && value.isWellFormed();
}

function nameProblem(key: string, value: unknown): string {
  if (value === undefined) return `'${key}' is missing; write a text`;
  if (typeof value !== 'string') return `'${key}' is not a text; write it in quotes`;
  return value === ''
    ? `'${key}' is empty`
    : `'${key}' is not a text of 1 to ${MAX_NAME} characters, whole ones and without NUL`;
}

function invalid(code: string, reason: string): EventReading {
  return { kind: 'invalid', problem: { code, reason } };
}
