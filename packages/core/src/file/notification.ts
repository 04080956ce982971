import type { ObjectRef } from '../ports/object-store.ts';
import type { EpochMs } from '../ports/time.ts';
import { LoadError } from '../recover/load-error.ts';

/** An object as a notification tells of it. What `loadFileOf` takes. */
export interface CreatedObject extends ObjectRef {
  /** Unquoted. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** The event's own time: milliseconds from S3, whole seconds from EventBridge. */
  readonly writtenAt: EpochMs;
  readonly versionId?: string;
  /** Hexadecimal; orders the events of one key. See `compareSequencers`. */
  readonly sequencer?: string;
}

/** Something in a notification that announces no load file. */
export interface IgnoredEvent {
  readonly what: string;
  readonly why: string;
}

export interface Notification {
  readonly objects: readonly CreatedObject[];
  readonly ignored: readonly IgnoredEvent[];
}

type Json = Readonly<Record<string, unknown>>;

/** A message in an envelope in an envelope is as deep as AWS can nest them (EventBridge or S3, SNS, SQS), plus one. */
const MAX_ENVELOPES = 4;

/** The structure that this reads. AWS adds fields within a major version. */
const EVENT_MAJOR_VERSION = '2';

/**
 * Reads what S3 says about new objects: its event notification or its EventBridge event, as it is, wrapped by SNS, or
 * SNS in SQS. The body of one SQS message, or the same already parsed.
 *
 * All records are read. Keys come out decoded: S3 encodes them as HTML forms do (`+` is a space), EventBridge does
 * not. Test messages, deletions and other events are named in `ignored`.
 *
 * @throws LoadError `notification-foreign` for anything else, with the place and what was found. Nothing of a message
 * is taken then: it belongs where people look (the dead-letter queue), as a whole.
 */
export function readNotification(body: unknown): Notification {
  const objects: CreatedObject[] = [];
  const ignored: IgnoredEvent[] = [];
  readMessage(body, { objects, ignored, depth: 0, where: 'message' });
  return { objects, ignored };
}

/**
 * Which of two events of the same key is the later one: negative when `one` is the earlier. The shorter sequencer is
 * filled with zeros on the right; those of different keys say nothing about each other.
 */
export function compareSequencers(one: string, other: string): number {
  const width = Math.max(one.length, other.length);
  const [left, right] = [one, other].map((text) => text.toUpperCase().padEnd(width, '0')) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Decodes a key of an S3 event notification: `red+flower%2B.jpg` is `red flower+.jpg`. */
export function decodeFormKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new LoadError('notification-foreign', `the key '${key}' is not form-encoded UTF-8`, {
      class: 'data',
      hint: 'only S3 itself, or something that encodes keys as it does, may write to this queue',
      cause,
    });
  }
}

interface Reading {
  readonly objects: CreatedObject[];
  readonly ignored: IgnoredEvent[];
  readonly depth: number;
  readonly where: string;
}

function readMessage(body: unknown, reading: Reading): void {
  const { where, depth } = reading;
  const message = typeof body === 'string' ? parseJson(body, where) : body;
  if (depth >= MAX_ENVELOPES) throw foreign(where, `has more than ${MAX_ENVELOPES} envelopes`);
  if (!isJson(message)) throw foreign(where, `is not an object: ${excerpt(message)}`);
  const inner = { ...reading, depth: depth + 1 };
  if (Array.isArray(message.Records)) {
    message.Records.forEach((record, index) => {
      readRecord(record, { ...inner, where: `${where}.Records[${index}]` });
    });
  } else if (message.Event === 's3:TestEvent') {
    reading.ignored.push({ what: 's3:TestEvent', why: 'S3 sends it when notifications are set up' });
  } else if (typeof message['detail-type'] === 'string') {
    readEventBridgeEvent(message, inner);
  } else if (message.Type === 'Notification' && typeof message.Message === 'string') {
    readMessage(message.Message, { ...inner, where: `${where}.Message` });
  } else if (message.Type === 'SubscriptionConfirmation' || message.Type === 'UnsubscribeConfirmation') {
    reading.ignored.push({
      what: `SNS ${message.Type}`,
      why: 'it is about the subscription, not about an object',
    });
  } else {
    const keys = Object.keys(message);
    throw foreign(
      where,
      `is no event of S3: its keys are ${keys.length === 0 ? 'none' : keys.slice(0, 10).join(', ')}`,
    );
  }
}

function readRecord(record: unknown, reading: Reading): void {
  const { where } = reading;
  if (!isJson(record)) throw foreign(where, `is not an object: ${excerpt(record)}`);
  if (record.EventSource === 'aws:sns') {
    const message = isJson(record.Sns) ? record.Sns.Message : undefined;
    readMessage(message, { ...reading, where: `${where}.Sns.Message` });
    return;
  }
  if (record.eventSource === 'aws:sqs') {
    // A message succeeds or fails by itself; read together, one bad body would take its batch along.
    throw foreign(where, 'is an SQS message: pass its body, one at a time');
  }
  const s3 = objectAt(record, 's3', where);
  const version = textAt(record, 'eventVersion', where);
  if (version.split('.')[0] !== EVENT_MAJOR_VERSION) {
    throw foreign(`${where}.eventVersion`, `is ${version}; this Millrace reads ${EVENT_MAJOR_VERSION}.x`);
  }
  const name = textAt(record, 'eventName', where).replace(/^s3:/u, '');
  const bucket = textAt(objectAt(s3, 'bucket', `${where}.s3`), 'name', `${where}.s3.bucket`);
  const object = objectAt(s3, 'object', `${where}.s3`);
  const objectWhere = `${where}.s3.object`;
  const key = decodeFormKey(textAt(object, 'key', objectWhere));
  if (!name.startsWith('ObjectCreated:')) {
    reading.ignored.push({ what: `${name} s3://${bucket}/${key}`, why: 'it creates no object' });
    return;
  }
  reading.objects.push({
    bucket,
    key,
    etag: unquoted(textAt(object, 'eTag', objectWhere)),
    size: sizeAt(object, objectWhere),
    writtenAt: instantAt(record, 'eventTime', where),
    ...optionalText('versionId', object.versionId),
    ...optionalText('sequencer', object.sequencer),
  });
}

function readEventBridgeEvent(event: Json, reading: Reading): void {
  const { where } = reading;
  const type = textAt(event, 'detail-type', where);
  const source = textAt(event, 'source', where);
  if (source !== 'aws.s3')
    throw foreign(`${where}.source`, `is '${source}', an EventBridge event that is not S3's`);
  const detail = objectAt(event, 'detail', where);
  const bucket = textAt(objectAt(detail, 'bucket', `${where}.detail`), 'name', `${where}.detail.bucket`);
  const object = objectAt(detail, 'object', `${where}.detail`);
  const objectWhere = `${where}.detail.object`;
  const key = textAt(object, 'key', objectWhere);
  if (type !== 'Object Created') {
    reading.ignored.push({ what: `${type} s3://${bucket}/${key}`, why: 'it creates no object' });
    return;
  }
  reading.objects.push({
    bucket,
    key,
    etag: unquoted(textAt(object, 'etag', objectWhere)),
    size: sizeAt(object, objectWhere),
    writtenAt: instantAt(event, 'time', where),
    ...optionalText('versionId', object['version-id']),
    ...optionalText('sequencer', object.sequencer),
  });
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw foreign(where, `is not JSON: ${excerpt(text)}`, cause);
  }
}

function objectAt(parent: Json, field: string, where: string): Json {
  const value = parent[field];
  if (!isJson(value)) throw foreign(`${where}.${field}`, `should be an object, found ${excerpt(value)}`);
  return value;
}

function textAt(parent: Json, field: string, where: string): string {
  const value = parent[field];
  if (typeof value !== 'string' || value === '') {
    throw foreign(`${where}.${field}`, `should be a text, found ${excerpt(value)}`);
  }
  return value;
}

function sizeAt(object: Json, where: string): number {
  const { size } = object;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw foreign(`${where}.size`, `should be a number of bytes, found ${excerpt(size)}`);
  }
  return size;
}

function instantAt(parent: Json, field: string, where: string): EpochMs {
  const text = textAt(parent, field, where);
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw foreign(`${where}.${field}`, `should be an ISO 8601 instant, found '${text}'`);
  return at;
}

/** Left out when it is missing, and when it is `null`, which an unversioned bucket's listing says. */
function optionalText<K extends string>(name: K, value: unknown): { readonly [P in K]?: string } {
  return typeof value === 'string' && value !== '' && value !== 'null'
    ? ({ [name]: value } as { [P in K]: string })
    : {};
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/u, '$1');
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function foreign(where: string, what: string, cause?: unknown): LoadError {
  return new LoadError('notification-foreign', `${where} ${what}`, {
    class: 'data',
    hint: 'send S3 event notifications or EventBridge "Object Created" events here, as they are or through SNS',
    ...(cause === undefined ? {} : { cause }),
  });
}
