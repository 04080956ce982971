import type { StreamRecord } from '../ports/stream.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Event, EventProblem } from './envelope.ts';

/** One line of a rejects file: why, and the event as it came. */
export interface RejectLine extends EventProblem {
  readonly shard: string;
  readonly position: string;
  /** ISO 8601: when the stream took it. */
  readonly arrivedAt: string;
  /** The event's; absent where the record is no event. */
  readonly id?: string;
  readonly type?: string;
  /** The record's text; when it is no UTF-8, `base64` has its bytes. */
  readonly event?: string;
  readonly base64?: string;
}

/** What is written beside a record. */
export interface RejectNote {
  readonly shard: string;
  /** Where the record was in its shard, if that is not where it comes from now. */
  readonly position?: string | undefined;
  readonly problem: EventProblem;
  readonly event?: Event | undefined;
}

/** A line that stays as it is, with its line end. */
export function encodeKeptReject(line: RejectLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** A rejected record as a line of NDJSON, with its line end. */
export function encodeReject(
  record: StreamRecord,
  { shard, position = record.position, problem, event }: RejectNote,
): string {
  const { data } = record;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const text = bytes.toString('utf8');
  const isText = Buffer.byteLength(text) === bytes.length && !text.includes('\ufffd');
  const line: RejectLine = {
    ...problem,
    shard,
    position,
    arrivedAt: new Date(record.arrivedAt satisfies EpochMs).toISOString(),
    ...(event === undefined ? {} : { id: event.id, type: event.type }),
    ...(isText ? { event: text } : { base64: bytes.toString('base64') }),
  };
  return `${JSON.stringify(line)}\n`;
}
