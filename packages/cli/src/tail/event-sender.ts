import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** An event that is to be sent, as one line of NDJSON. */
export interface OutgoingEvent {
  readonly json: string;
  /** For messages: which line of which log it is. */
  readonly where: string;
}

/** An event that the server will not take, however often it is sent. */
export interface RefusedEvent extends OutgoingEvent {
  readonly reason: string;
}

export interface EventSenderOptions {
  /** Where events are posted. */
  readonly url: string;
  readonly key?: string | undefined;
  /** Of one try. @default 30,000 */
  readonly timeoutMs?: number;
  /** The first pause after a failure, and the longest. @default 200 and 30,000 */
  readonly backoffMs?: { readonly first: number; readonly most: number };
  /** What keeps events from being sent, once per trouble; null: they are sent again. */
  readonly onTrouble: (trouble: string | null) => void;
  /** Ends the trying. */
  readonly signal: AbortSignal;
}

/** What became of a batch: it is done, all of it, or the sender was told to stop before. */
export type SendOutcome =
  | { readonly kind: 'done'; readonly refused: readonly RefusedEvent[] }
  | { readonly kind: 'stopped' };

type Reply =
  | {
      readonly kind: 'taken';
      readonly again: readonly OutgoingEvent[];
      readonly refused: readonly RefusedEvent[];
    }
  /** The request as it is will never be taken: fewer events may be. */
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'trouble'; readonly reason: string; readonly waitMs?: number };

interface Rejected {
  readonly index: number;
  readonly code?: string;
  readonly reason?: string;
  readonly retry?: boolean;
}

const packed = promisify(gzip);

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_BACKOFF_MS = { first: 200, most: 30_000 };
/** What a server asks for in `retry-after` is believed up to here. */
const MAX_ASKED_WAIT_MS = 60_000;
/** A request that is under way when the sender is told to stop may take so long still. */
const STOP_GRACE_MS = 5_000;
/** Of what a server answers: enough for the reasons of a batch. */
const MAX_REASON_CHARS = 300;
/** What the types of a producer's problems begin with. */
const PROBLEM = 'urn:millrace:problem:';
/** Smaller bodies do not get smaller. */
const MIN_PACKED_BYTES = 1_024;
/** A person has to change a configuration: until then these events wait, and are not lost by being refused. */
const WAITING_CODES: ReadonlySet<string> = new Set(['event-type-unknown']);

/**
 * Posts events to a producer until each of them was taken or refused for good. One request is under way at a time, so that
 * events arrive in their order.
 */
export class EventSender {
  readonly #options: EventSenderOptions;
  readonly #giveUp = new AbortController();
  #failures = 0;
  #trouble: string | null = null;

  constructor(options: EventSenderOptions) {
    this.#options = options;
    const giveUp = (): void => void setTimeout(() => this.#giveUp.abort(), STOP_GRACE_MS).unref();
    options.signal.addEventListener('abort', giveUp, { once: true });
  }

  /** Resolves when every event was taken or refused; `stopped`: some may not be, and nobody knows which. */
  async send(events: readonly OutgoingEvent[]): Promise<SendOutcome> {
    const refused: RefusedEvent[] = [];
    const todo: (readonly OutgoingEvent[])[] = [events];
    for (;;) {
      const batch = todo.shift();
      if (batch === undefined) return { kind: 'done', refused };
      if (batch.length === 0) continue;
      if (this.#options.signal.aborted) return { kind: 'stopped' };
      const reply = await this.#post(batch);
      switch (reply.kind) {
        case 'taken':
          refused.push(...reply.refused);
          if (reply.again.length > 0) {
            todo.unshift(reply.again);
            if (reply.again.length === batch.length) await this.#pause('the stream took none of the events');
          } else this.#succeeded();
          break;
        case 'unfit': {
          const [only] = batch;
          if (batch.length === 1 && only !== undefined) refused.push({ ...only, reason: reply.reason });
          else {
            const half = Math.ceil(batch.length / 2);
            todo.unshift(batch.slice(0, half), batch.slice(half));
          }
          break;
        }
        case 'trouble':
          todo.unshift(batch);
          await this.#pause(reply.reason, reply.waitMs);
          break;
      }
    }
  }

  async #post(events: readonly OutgoingEvent[]): Promise<Reply> {
    const { url, key, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const plain = Buffer.from(`${events.map(({ json }) => json).join('\n')}\n`);
    const isPacked = plain.length >= MIN_PACKED_BYTES;
    const body = isPacked ? await packed(plain, { level: 1 }) : plain;
    let status: number;
    let text: string;
    let retryAfter: string | null;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-ndjson',
          ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: new Uint8Array(body),
        redirect: 'error',
        signal: AbortSignal.any([this.#giveUp.signal, AbortSignal.timeout(timeoutMs)]),
      });
      status = response.status;
      retryAfter = response.headers.get('retry-after');
      text = await response.text();
    } catch (error) {
      // What became of it nobody knows: it is sent again, under the same ids.
      return { kind: 'trouble', reason: `${url} cannot be reached: ${reasonOf(error)}` };
    }
    return toReply({ status, text, retryAfter }, events);
  }

  #succeeded(): void {
    this.#failures = 0;
    if (this.#trouble !== null) this.#options.onTrouble(null);
    this.#trouble = null;
  }

  async #pause(reason: string, askedMs = 0): Promise<void> {
    const { backoffMs = DEFAULT_BACKOFF_MS, onTrouble, signal } = this.#options;
    if (signal.aborted) return;
    if (this.#trouble !== reason) onTrouble(reason);
    this.#trouble = reason;
    const most = Math.min(backoffMs.most, backoffMs.first * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    // At least half of it: all agents of a farm have seen the same server go down.
    const waitMs = Math.max(Math.min(askedMs, MAX_ASKED_WAIT_MS), most * (0.5 + Math.random() / 2));
    await sleep(waitMs, undefined, { signal }).catch(() => {
      // Told to stop, which the caller sees.
    });
  }
}

function toReply(
  { status, text, retryAfter }: { status: number; text: string; retryAfter: string | null },
  events: readonly OutgoingEvent[],
): Reply {
  const answer = readAnswer(text);
  const detail = `${status} ${answer.detail ?? text.slice(0, MAX_REASON_CHARS)}`.trim();
  if ((status >= 200 && status < 300) || (status === 422 && answer.rejected !== undefined)) {
    if (answer.rejected === undefined) {
      return {
        kind: 'trouble',
        reason: `the server answered ${status}, but not as a producer of Millrace does`,
      };
    }
    return sort(answer.rejected, events);
  }
  // 400 of something else on the way says nothing of these events: they are not to be put aside for it.
  const isAboutThem = answer.isProblem && (status === 400 || status === 422);
  if (status === 413 || isAboutThem) return { kind: 'unfit', reason: detail };
  const seconds = Number(retryAfter ?? Number.NaN);
  const waitMs = Number.isFinite(seconds) && seconds > 0 ? { waitMs: seconds * 1_000 } : {};
  return { kind: 'trouble', reason: `the server answered ${detail}`, ...waitMs };
}

function sort(rejected: readonly Rejected[], events: readonly OutgoingEvent[]): Reply {
  const again: OutgoingEvent[] = [];
  const refused: RefusedEvent[] = [];
  for (const { index, code = '', reason = code, retry } of rejected) {
    const event = events[index];
    if (event === undefined) continue;
    if (WAITING_CODES.has(code))
      return { kind: 'trouble', reason: `the server takes no such events: ${reason}` };
    if (retry === true) again.push(event);
    else refused.push({ ...event, reason });
  }
  return { kind: 'taken', again, refused };
}

interface Answer {
  /** A problem as a producer of Millrace tells it. */
  readonly isProblem: boolean;
  readonly detail?: string;
  readonly rejected?: readonly Rejected[];
}

function readAnswer(text: string): Answer {
  try {
    const answer = JSON.parse(text) as { type?: unknown; detail?: unknown; rejected?: unknown };
    const { type, detail, rejected } = answer;
    return {
      isProblem: typeof type === 'string' && type.startsWith(PROBLEM),
      ...(typeof detail === 'string' ? { detail: detail.slice(0, MAX_REASON_CHARS) } : {}),
      ...(Array.isArray(rejected) ? { rejected: rejected as Rejected[] } : {}),
    };
  } catch {
    // Not an answer of a producer's: a proxy's page, say. Its status says what to do.
    return { isProblem: false };
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return message;
}
