import type { EventProblem } from '@millrace/core';
import { parseExactJson } from './exact-json.ts';
import { ProblemError } from './problem.ts';

/** One of the events of a body, before it is looked at: a value, or why there is none. */
export type ParsedEvent =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'broken'; readonly problem: EventProblem };

/**
 * The events of a JSON body: one, or an array of them.
 *
 * @throws ProblemError 400 when it is no JSON, 413 when they are more than `maxEvents`
 */
export function parseJsonBody(text: string, maxEvents: number): readonly ParsedEvent[] {
  const body = parseWhole(text);
  const values = Array.isArray(body) ? body : [body];
  checkCount(values.length, maxEvents);
  return values.map((value: unknown) => ({ kind: 'value', value }));
}

/**
 * The events of NDJSON, one a line; blank lines are none. A line that is no JSON takes none of the others with it.
 *
 * @throws ProblemError 413 when they are more than `maxEvents`
 */
export function parseNdjsonBody(text: string, maxEvents: number): readonly ParsedEvent[] {
  const events: ParsedEvent[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    at = end < 0 ? text.length : end + 1;
    if (line === '') continue;
    events.push(parseLine(line));
    checkCount(events.length, maxEvents);
  }
  return events;
}

function parseWhole(text: string): unknown {
  try {
    return parseExactJson(text, { inexact: 'refuse' });
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new ProblemError(
        { status: 422, code: 'event-too-deep', detail: 'the body is nested too deeply; flatten it' },
        { cause },
      );
    }
    throw new ProblemError(
      {
        status: 400,
        code: 'body-not-json',
        detail: `the body is not JSON: ${(cause as Error).message}; events by lines are application/x-ndjson`,
      },
      { cause },
    );
  }
}

function parseLine(line: string): ParsedEvent {
  try {
    return { kind: 'value', value: parseExactJson(line, { inexact: 'refuse' }) };
  } catch (cause) {
    const problem =
      cause instanceof RangeError
        ? { code: 'event-too-deep', reason: 'the event is nested too deeply; flatten it' }
        : { code: 'event-not-json', reason: `the line is not JSON: ${(cause as Error).message}` };
    return { kind: 'broken', problem };
  }
}

function checkCount(count: number, maxEvents: number): void {
  if (count <= maxEvents) return;
  throw new ProblemError({
    status: 413,
    code: 'too-many-events',
    detail: `a request holds at most ${maxEvents} events; send the others in another one`,
  });
}
