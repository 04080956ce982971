import type { StreamRecord } from '../ports/stream.ts';
import type { EpochMs } from '../ports/time.ts';
import type { EventProblem } from './envelope.ts';

/** One line of a rejects file: why, and the event as it came. */
export interface RejectLine extends EventProblem {
  readonly shard: string;
  readonly position: string;
  /** ISO 8601: when the stream took it. */
  readonly arrivedAt: string;
  /** The record's text; when it is no UTF-8, `base64` has its bytes. */
  readonly event?: string;
  readonly base64?: string;
}

/** A rejected record as a line of NDJSON, with its line end. */
export function encodeReject(
  record: StreamRecord,
  { shard, problem }: { shard: string; problem: EventProblem },
): string {
  const { position, data } = record;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const text = bytes.toString('utf8');
  const isText = Buffer.byteLength(text) === bytes.length && !text.includes('\ufffd');
  const line: RejectLine = {
    ...problem,
    shard,
    position,
    arrivedAt: new Date(record.arrivedAt satisfies EpochMs).toISOString(),
    ...(isText ? { event: text } : { base64: bytes.toString('base64') }),
  };
  return `${JSON.stringify(line)}\n`;
}
