import { hash } from 'node:crypto';
import type { LogLine } from './log-file.ts';

export interface LineEventOptions {
  readonly type: string;
  readonly source: string;
  /** `json`: a line that is JSON is the event's data as it stands. */
  readonly parse: 'text' | 'json';
  /** ISO 8601. */
  readonly time: string;
}

/**
 * The id of a line's event: the same whenever and however often the line is read. The bytes are in it for what no print
 * of a file shows: lines that were sent before a kill, and overwritten before the next start.
 */
export function lineEventId(logId: string, { offset, bytes }: LogLine): string {
  return `${logId}-${offset}-${hash('sha256', bytes, 'hex').slice(0, 16)}`;
}

/**
 * The event of a line, as one line of NDJSON. Bytes that are no UTF-8 become U+FFFD. Where the event came from is in
 * `log`, beside the envelope's own fields.
 */
export function encodeLineEvent(
  log: { readonly id: string; readonly path: string },
  line: LogLine,
  { type, source, parse, time }: LineEventOptions,
): string {
  const text = line.bytes.toString('utf8');
  const from = {
    path: log.path,
    offset: line.offset,
    ...(line.cutFrom === undefined ? {} : { cutFrom: line.cutFrom }),
  };
  const envelope = JSON.stringify({ id: lineEventId(log.id, line), type, source, time, log: from });
  // Not parsed and written again: a number that no double holds goes on as it is.
  const data = parse === 'json' && isJson(text) ? text.trim() : JSON.stringify({ line: text });
  return `${envelope.slice(0, -1)},"data":${data}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    // JSON may be written over lines with a carriage return in it; a line of NDJSON may not.
    return !/[\r\n]/u.test(text.trim());
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
