import type { EventProblem } from '@millrace/core';
import { mayBeInexact, parseExactJson } from './exact-json.ts';
import { ProblemError } from './problem.ts';

/** One of the events of a body, before it is looked at: a value, or why there is none. */
export type ParsedEvent =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      /** The value alone, as it was sent, where its numbers are exact: it can be kept as it is. */
      readonly text?: string;
    }
  | { readonly kind: 'broken'; readonly problem: EventProblem };

/**
 * The events of a JSON body: one, or an array of them.
 *
 * @throws ProblemError 400 when it is no JSON, 413 when they are more than `maxEvents`
 */
export function parseJsonBody(text: string, maxEvents: number): readonly ParsedEvent[] {
  const body = parseWhole(text);
  if (!Array.isArray(body.value)) return [body];
  checkCount(body.value.length, maxEvents);
  return body.value.map((value: unknown) => ({ kind: 'value', value }));
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

/** @throws what `parseExactJson` does */
function parseValue(text: string): Extract<ParsedEvent, { kind: 'value' }> {
  if (mayBeInexact(text)) return { kind: 'value', value: parseExactJson(text, { inexact: 'refuse' }) };
  return { kind: 'value', value: JSON.parse(text), text };
}

function parseWhole(text: string): Extract<ParsedEvent, { kind: 'value' }> {
  try {
    return parseValue(text);
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
    return parseValue(line);
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
