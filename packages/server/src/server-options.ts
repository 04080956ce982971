import type { Event, StreamWriter } from '@millrace/core';
import type { ApiKey } from './api-keys.ts';
import type { JsonSchema } from './event-schemas.ts';
import type { OperationsOptions } from './operations/operations-options.ts';
import type { ProducerMetrics } from './producer-metrics.ts';
import type { RateLimitOptions } from './rate-limit.ts';
import type { WebhookSource } from './webhook-source.ts';

export interface ServerOptions {
  /** Where events go. It stays the caller's: close it after the server. */
  readonly stream: StreamWriter;
  /**
   * The address to listen on. Without keys only one of this machine is allowed.
   *
   * @default 127.0.0.1
   */
  readonly host?: string;
  /** @default 0: any free one */
  readonly port?: number;
  /** Who may send events. @default everybody on this machine */
  readonly keys?: readonly ApiKey[];
  /** For each key and each webhook source of its own. @default none */
  readonly rateLimit?: RateLimitOptions;
  /** By the name that their URL ends with. */
  readonly webhooks?: Readonly<Record<string, WebhookSource>>;
  /** JSON Schemas for the `data` of events, by type. */
  readonly schemas?: Readonly<Record<string, JsonSchema>>;
  /** With it, events of other types are refused here; without, the consumer keeps them among the rejects. */
  readonly knownTypes?: readonly string[];
  /** What keeps events in order among each other. @default the event's id */
  readonly partitionKeyOf?: (event: Event) => string;
  readonly limits?: Partial<ServerLimits>;
  /** Whether events can be taken: `/readyz` answers 503 with the reason while it is one. @default ready */
  readonly notReady?: () => string | undefined | Promise<string | undefined>;
  /** @default new ones */
  readonly metrics?: ProducerMetrics;
  /** Hears of what nobody else would: a defect behind a 500. */
  readonly onError?: (error: unknown) => void;
  readonly now?: () => number;
}

/** A server of its own: it takes events, shows and steers a Millrace, or both. */
export interface StartOptions extends Omit<ServerOptions, 'stream'> {
  /** Where events go. Without it none are taken. */
  readonly stream?: StreamWriter;
  /** What the dashboard and its API show. @default neither is served */
  readonly operations?: OperationsOptions;
}

export interface ServerLimits {
  /** Of a body as it is sent. @default 5 MiB */
  readonly maxBodyBytes: number;
  /** Of a body when it is unpacked. @default 20 MiB */
  readonly maxInflatedBytes: number;
  /** @default 10,000 */
  readonly maxEvents: number;
  /** Of one event, as it is stored. @default 1,000,000: Kinesis takes 1 MiB with the key */
  readonly maxEventBytes: number;
  /** @default 100 */
  readonly maxDepth: number;
  /** Of all requests that are being answered; beyond, they are answered 503. @default 128 MiB */
  readonly maxBytesInFlight: number;
  /** How long a client may take for its request. @default 30,000 */
  readonly requestTimeoutMs: number;
  /** How long requests under way may take when the server closes. @default 10,000 */
  readonly drainMs: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  maxBodyBytes: 5 * 1_048_576,
  maxInflatedBytes: 20 * 1_048_576,
  maxEvents: 10_000,
  maxEventBytes: 1_000_000,
  maxDepth: 100,
  maxBytesInFlight: 128 * 1_048_576,
  requestTimeoutMs: 30_000,
  drainMs: 10_000,
};
