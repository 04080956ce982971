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
/** Date and time with a zone: without one, nobody knows the instant. */
const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)$/iu;

/** Not as most write it: more digits than microseconds, a comma before them, no seconds, small letters, a space. */
const UNUSUAL = /[,tz ]|\.\d{7}|^.{16}[^:]/u;
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
  if (typeof time !== 'string' || !INSTANT.test(time) || Number.isNaN(Date.parse(time.replace(',', '.')))) {
    const shown = JSON.stringify(time)?.slice(0, 60);
    return invalid(
      'event-time-invalid',
      `'time' is ${shown}; write ISO 8601 with a zone, such as 2026-01-31T12:00:00Z`,
    );
  }
  const isWhole = fields.id !== undefined && fields.time !== undefined && fields.data !== undefined;
  return { kind: 'event', event: (isWhole ? fields : { ...fields, id, type, time, data }) as Event };
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

/** The same event, its time as every column of times reads it: finer than a microsecond it is in no table. */
export function withUsualTime(event: Event): Event {
  const { time } = event;
  if (isPlain(time) || !UNUSUAL.test(time)) return event;
  const [, date = '', minutes = '', seconds = ':00', fraction = '', zone = ''] = PARTS.exec(time) ?? [];
  const short = fraction.replace(',', '.').slice(0, '.123456'.length);
  return { ...event, time: `${date}T${minutes}${seconds}${short}${zone.toUpperCase()}` };
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
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME && !value.includes('\0');
}

function nameProblem(key: string, value: unknown): string {
  if (value === undefined) return `'${key}' is missing; write a text`;
  if (typeof value !== 'string') return `'${key}' is not a text; write it in quotes`;
  return value === ''
    ? `'${key}' is empty`
    : `'${key}' is not a text of 1 to ${MAX_NAME} characters without NUL`;
}

function invalid(code: string, reason: string): EventReading {
  return { kind: 'invalid', problem: { code, reason } };
}
