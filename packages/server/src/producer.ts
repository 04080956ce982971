import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { LoadError } from '@millrace/core';
import { ApiKeys } from './api-keys.ts';
import { BytesInFlight } from './bytes-in-flight.ts';
import { EventIntake, type IntakeResult, isRefusedByStream } from './event-intake.ts';
import { EventSchemas } from './event-schemas.ts';
import { type ParsedEvent, parseJsonBody, parseNdjsonBody } from './parse-events.ts';
import { ProblemError } from './problem.ts';
import { ProducerMetrics } from './producer-metrics.ts';
import { RateLimit } from './rate-limit.ts';
import { textOfBody, unpackBody } from './read-body.ts';
import { readWebhook } from './read-webhook.ts';
import { DEFAULT_LIMITS, type ServerLimits, type ServerOptions } from './server-options.ts';
import { verifyWebhook } from './verify-webhook.ts';
import { checkWebhookSource, type WebhookSource } from './webhook-source.ts';

export const EVENTS_PATH = '/v1/events';

/** Who sends without a key. */
const ANYBODY = 'anybody';
/** Whoever has sent far too much may try again after this all the same. */
const MAX_RETRY_SECONDS = 60;

export interface ProducerRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Makes room for bytes that unpacking has made of the body. @throws ProblemError 503 when there is none */
  readonly reserve: (bytes: number) => void;
}

/** What a producer does with requests, however they come: checks who sends, reads events, and has them stored. */
export class Producer {
  readonly limits: ServerLimits;
  readonly keys: ApiKeys;
  readonly metrics: ProducerMetrics;
  readonly inFlight: BytesInFlight;
  readonly #intake: EventIntake;
  readonly #rateLimit: RateLimit | undefined;
  readonly #webhooks: ReadonlyMap<string, WebhookSource>;
  readonly #now: () => number;

  /** @throws LoadError for keys, webhooks or schemas that cannot be */
  constructor(options: ServerOptions) {
    const { webhooks = {}, rateLimit, now = Date.now } = options;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.keys = new ApiKeys(options.keys ?? []);
    this.metrics = options.metrics ?? new ProducerMetrics();
    this.inFlight = new BytesInFlight(this.limits.maxBytesInFlight);
    this.#rateLimit = rateLimit === undefined ? undefined : new RateLimit(rateLimit);
    for (const [name, source] of Object.entries(webhooks)) checkWebhookSource(name, source);
    this.#webhooks = new Map(Object.entries(webhooks));
    this.#now = now;
    this.#intake = new EventIntake({
      stream: options.stream,
      schemas: new EventSchemas(options.schemas ?? {}),
      knownTypes: options.knownTypes === undefined ? undefined : new Set(options.knownTypes),
      maxEventBytes: this.limits.maxEventBytes,
      maxDepth: this.limits.maxDepth,
      partitionKeyOf: options.partitionKeyOf ?? (({ id }) => id),
      newId: randomUUID,
      now,
    });
  }

  /**
   * Who sends, before the body is read.
   *
   * @throws ProblemError 401 without a known key, 429 when too much came already
   */
  admitSender(headers: IncomingHttpHeaders): string {
    const sender = this.keys.isOpen ? ANYBODY : this.keys.nameOf(headers);
    if (sender === undefined) {
      throw new ProblemError({
        status: 401,
        code: 'key-unknown',
        detail: "no known API key came with the request; send 'Authorization: Bearer <key>'",
      });
    }
    this.#checkRate(sender);
    return sender;
  }

  /** The same for a webhook. @throws ProblemError 404 for a source that is not configured, 429 */
  admitWebhook(name: string): void {
    this.#sourceOf(name);
    this.#checkRate(webhookSender(name));
  }

  /** @throws ProblemError 400, 413, 415, 422, 503: nothing was accepted then */
  async takeEvents(sender: string, request: ProducerRequest): Promise<IntakeResult> {
    const isLines = kindOf(request.headers['content-type']) === 'lines';
    const text = textOfBody(await this.#unpack(request));
    const { maxEvents } = this.limits;
    const parsed = isLines ? parseNdjsonBody(text, maxEvents) : parseJsonBody(text, maxEvents);
    return this.#take(sender, parsed);
  }

  /** @throws ProblemError 400, 401, 404, 413, 415, 422, 503: nothing was accepted then */
  async takeWebhook(name: string, request: ProducerRequest): Promise<IntakeResult> {
    const { headers } = request;
    const source = this.#sourceOf(name);
    if (kindOf(headers['content-type']) !== 'json') {
      throw unsupported('webhooks are taken as application/json; set that at their sender');
    }
    const body = await this.#unpack(request);
    verifyWebhook(source, { headers, body, now: this.#now() });
    const value = readWebhook(name, source, { headers, body });
    return this.#take(webhookSender(name), [{ kind: 'value', value }]);
  }

  #sourceOf(name: string): WebhookSource {
    const source = this.#webhooks.get(name);
    if (source !== undefined) return source;
    throw new ProblemError({
      status: 404,
      code: 'webhook-unknown',
      detail: `no webhook '${name.slice(0, 63)}' is configured here`,
    });
  }

  async #take(sender: string, parsed: readonly ParsedEvent[]): Promise<IntakeResult> {
    this.#rateLimit?.count(sender, { events: parsed.length, now: this.#now() });
    const result = await this.#intake.take(parsed);
    this.metrics.countEvents(sender, result);
    if (result.accepted > 0 || result.rejected.length === 0) return result;
    const [first] = result.rejected;
    if (isRefusedByStream(result)) {
      throw new ProblemError({
        status: 503,
        code: 'stream-unavailable',
        detail: `no event was stored: ${result.rejected.find(({ retry }) => retry)?.reason}; send them again`,
        retryAfterSeconds: 1,
        also: result as unknown as Record<string, unknown>,
      });
    }
    throw new ProblemError({
      status: 422,
      code: 'events-rejected',
      detail:
        result.rejected.length === 1
          ? `the event was not accepted: ${first?.reason}`
          : `none of ${result.rejected.length} events was accepted; the first: ${first?.reason}`,
      also: result as unknown as Record<string, unknown>,
    });
  }

  async #unpack({ headers, body, reserve }: ProducerRequest): Promise<Buffer> {
    const plain = await unpackBody(body, headers['content-encoding'], this.limits);
    if (plain !== body) reserve(plain.length);
    return plain;
  }

  #checkRate(sender: string): void {
    const waitMs = this.#rateLimit?.waitMs(sender, this.#now()) ?? 0;
    if (waitMs === 0) return;
    const seconds = Math.min(MAX_RETRY_SECONDS, Math.ceil(waitMs / 1_000));
    throw new ProblemError({
      status: 429,
      code: 'rate-limit',
      detail: `'${sender}' has sent more than it may; send again in ${seconds} s`,
      retryAfterSeconds: seconds,
    });
  }
}

function webhookSender(name: string): string {
  return `webhook:${name}`;
}

const LINE_TYPES = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
]);

/** @throws ProblemError 415 */
export function kindOf(contentType: string | undefined): 'json' | 'lines' {
  if (contentType === 'application/json') return 'json';
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters
    .map((one) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/u.exec(one)?.[1])
    .find(Boolean);
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    throw unsupported(`JSON is sent as UTF-8, not as ${charset.slice(0, 40)}`);
  }
  const name = type.trim();
  if (LINE_TYPES.has(name)) return 'lines';
  if (name === 'application/json' || (name.startsWith('application/') && name.endsWith('+json')))
    return 'json';
  throw unsupported(
    `${name === '' ? 'the request has no content type' : `'${name.slice(0, 60)}' is not taken`}; send application/json, ` +
      'or application/x-ndjson for one event a line',
  );
}

function unsupported(detail: string): ProblemError {
  return new ProblemError({ status: 415, code: 'content-type', detail });
}

/** @throws LoadError `server-open` for an address that others reach, with nothing to keep them out */
export function checkHost(host: string, keys: ApiKeys): void {
  const isLocal = host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/u.test(host);
  if (isLocal || !keys.isOpen) return;
  throw new LoadError('server-open', `the server would take events from anybody who reaches ${host}`, {
    class: 'config',
    hint: 'configure API keys, or listen on 127.0.0.1',
  });
}
