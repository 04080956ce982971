import {
  type Event,
  type EventProblem,
  type PutResult,
  readEvent,
  type StreamEntry,
  type StreamWriter,
  textOfEvent,
} from '@millrace/core';
import type { EventSchemas } from './event-schemas.ts';
import { InexactNumberError } from './exact-json.ts';
import { isDeeperThan } from './json-depth.ts';
import type { ParsedEvent } from './parse-events.ts';

/** An event that was not accepted. */
export interface RejectedEvent extends EventProblem {
  /** Its place in the request, from 0. */
  readonly index: number;
  /** As far as it could be read. */
  readonly id?: string;
  /** The event is good, the stream did not take it: send it again. */
  readonly retry?: true;
}

/** What became of the events of a request: each was made durable, or is in `rejected`. */
export interface IntakeResult {
  readonly accepted: number;
  readonly rejected: readonly RejectedEvent[];
}

export interface IntakeOptions {
  readonly stream: StreamWriter;
  readonly schemas: EventSchemas;
  /** With it, events of other types are refused. */
  readonly knownTypes: ReadonlySet<string> | undefined;
  readonly maxEventBytes: number;
  /** How deep objects and arrays may lie within each other. */
  readonly maxDepth: number;
  readonly partitionKeyOf: (event: Event) => string;
  readonly newId: () => string;
  readonly now: () => number;
}

/** Checks events and puts the good ones into the stream. */
export class EventIntake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Resolves when every accepted event is durable. */
  async take(parsed: readonly ParsedEvent[]): Promise<IntakeResult> {
    const { newId, now, stream, partitionKeyOf } = this.#options;
    // One instant for all that came together; asked for only where one of them has no time.
    let receivedAt: string | undefined;
    const defaults = {
      id: newId,
      time: () => {
        receivedAt ??= new Date(now()).toISOString();
        return receivedAt;
      },
    };
    const rejected: RejectedEvent[] = [];
    const entries: StreamEntry[] = [];
    const places: { readonly index: number; readonly id: string }[] = [];
    for (const [index, one] of parsed.entries()) {
      const reading =
        one.kind === 'broken'
          ? ({ kind: 'invalid', problem: one.problem } as const)
          : readEvent(one.value, defaults);
      if (reading.kind === 'invalid') {
        rejected.push({ index, ...idOf(one), ...reading.problem });
        continue;
      }
      const { event } = reading;
      const data = this.#encode(event, one.kind === 'value' ? keepableText(one) : undefined);
      if ('code' in data) {
        rejected.push({ index, id: event.id, ...data });
        continue;
      }
      entries.push({ partitionKey: partitionKeyOf(event), data });
      places.push({ index, id: event.id });
    }
    const results = entries.length === 0 ? [] : await stream.put(entries);
    for (const [at, result] of results.entries()) {
      if (result.kind === 'failed') rejected.push({ ...places[at], ...refusalOf(result) } as RejectedEvent);
    }
    rejected.sort((a, b) => a.index - b.index);
    return { accepted: parsed.length - rejected.length, rejected };
  }

  /** The bytes of an event, or what is wrong with it. */
  #encode(event: Event, kept: string | undefined): Buffer | EventProblem {
    const { knownTypes, maxEventBytes, maxDepth, schemas } = this.#options;
    if (knownTypes !== undefined && !knownTypes.has(event.type)) {
      return { code: 'event-type-unknown', reason: `no transform takes events of type '${event.type}'` };
    }
    const tooDeep = {
      code: 'event-too-deep',
      reason: `objects and arrays lie deeper than ${maxDepth} within each other; flatten the event`,
    };
    let text: string;
    try {
      text = kept ?? textOfEvent(event);
    } catch (cause) {
      if (cause instanceof InexactNumberError) return inexactProblem(cause.source);
      if (cause instanceof RangeError) return tooDeep;
      throw cause;
    }
    const data = Buffer.from(text);
    if (data.length > maxEventBytes) {
      const reason = `the event has ${data.length} bytes, and ${maxEventBytes} is the most; put what is large elsewhere`;
      return { code: 'event-too-large', reason };
    }
    if (isDeeperThan(text, maxDepth)) return tooDeep;
    return schemas.problemOf(event.type, event.data) ?? data;
  }
}

/** What was sent, when nothing of the envelope has to be filled in: it need not be written anew. */
function keepableText({ value, text }: Extract<ParsedEvent, { kind: 'value' }>): string | undefined {
  const { id, time, data } = value as Partial<Event>;
  return id === undefined || time === undefined || data === undefined ? undefined : text;
}

function refusalOf({ error }: Extract<PutResult, { kind: 'failed' }>): EventProblem & { retry?: true } {
  const problem = { code: error.code, reason: error.sentence };
  return error.class === 'usage' ? problem : { ...problem, retry: true };
}

function inexactProblem(source: string): EventProblem {
  return {
    code: 'number-inexact',
    reason: `the number ${source.slice(0, 40)} cannot be kept exactly; send it as a text: "${source.slice(0, 40)}"`,
  };
}

/** The id of what is no event otherwise, so that its sender finds it again. */
function idOf(one: ParsedEvent): { id?: string } {
  const id =
    one.kind === 'value' && typeof one.value === 'object' && one.value !== null
      ? (one.value as { id?: unknown }).id
      : undefined;
  return typeof id === 'string' && id.length <= 256 ? { id } : {};
}

/** Whether nothing was accepted, and it is the stream's doing in part: another try may do better. */
export function isRefusedByStream({ accepted, rejected }: IntakeResult): boolean {
  return accepted === 0 && rejected.some(({ retry }) => retry === true);
}
