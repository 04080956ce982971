import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RedshiftLocal } from '../engine.ts';
import { answerWith } from './answer.ts';
import type { Credentials } from './authenticate.ts';
import { toCompletionEvent } from './completion-event.ts';
import { DataApi } from './data-api.ts';
import { EventFeed, type EventSink } from './event-feed.ts';
import { type FaultSettings, Faults } from './faults.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { RateLimiter } from './rate-limiter.ts';

export interface DataApiServerOptions {
  /** The warehouse. It stays the caller's: close it after the server. */
  readonly engine: RedshiftLocal;
  /** Default `127.0.0.1`. There is no encryption: think before naming another one. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** The only cluster that is known. With neither this nor `workgroup`, any cluster and any workgroup is. */
  readonly cluster?: string;
  readonly workgroup?: string;
  /** Who may call. Without it anybody, with any key. */
  readonly credentials?: readonly Credentials[];
  readonly limits?: Partial<Limits>;
  readonly faults?: Partial<FaultSettings>;
  /** Gets the completion event of every statement that was run with `WithEvent`, in EventBridge's form. */
  readonly onEvent?: EventSink;
  /** Hears of what nobody else would: an event that could not be delivered, a defect behind an InternalServerException. */
  readonly onError?: (error: unknown) => void;
  readonly now?: () => number;
}

/**
 * Node would close an idle connection after five seconds, just when a client that polls every five uses it again; the
 * client could not tell whether its call arrived.
 */
const KEEP_ALIVE_MS = 75_000;
/** How long calls under way may take when the server ends. */
const CLOSE_GRACE_MS = 2_000;

/**
 * The Redshift Data API over HTTP, in front of an engine of this process: an AWS SDK or the AWS CLI talks to it by its
 * endpoint URL. Statements, results and sessions live in memory and end with the server.
 */
export class DataApiServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** What goes wrong; can be changed while the server runs. */
  readonly faults: Faults;
  readonly #server: Server;
  readonly #api: DataApi;
  readonly #feed: EventFeed;

  private constructor(parts: { url: string; server: Server; api: DataApi; feed: EventFeed }) {
    this.url = parts.url;
    this.faults = parts.api.faults;
    this.#server = parts.server;
    this.#api = parts.api;
    this.#feed = parts.feed;
  }

  /** @throws the error of the socket when the port cannot be had, TypeError for a fault that makes no sense. */
  static async start(options: DataApiServerOptions): Promise<DataApiServer> {
    const { host = '127.0.0.1', port = 0, now = Date.now, onError = warn } = options;
    const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
    const faults = new Faults(options.faults);
    const feed = new EventFeed(options.onEvent, { faults, onError });
    const api = new DataApi({
      engine: options.engine,
      limits,
      faults,
      now,
      cluster: options.cluster,
      workgroup: options.workgroup,
      onEnded: (statement) => {
        if (statement.request.withEvent) feed.send(toCompletionEvent(statement, limits.retentionMs));
      },
    });
    faults.onChange(({ maintenance, pause }) => {
      if (maintenance || pause) api.runner.terminateAll().catch(onError);
    });
    const answer = answerWith(api, {
      credentials: options.credentials,
      rates: new RateLimiter(limits.callsPerSecond, now),
      onError,
    });
    const server = createServer((request, response) => void answer(request, response));
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    await listen(server, { host, port });
    return new DataApiServer({ url: urlOf(server), server, api, feed });
  }

  /** Takes no more calls, ends what runs (as FAILED), lets replies go out, and closes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#api.close();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_GRACE_MS);
    await closed;
    clearTimeout(timer);
    await this.#feed.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
