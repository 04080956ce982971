import type { AddressInfo, Socket } from 'node:net';
import { LoadError, type StreamWriter } from '@millrace/core';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { IntakeResult } from './event-intake.ts';
import { OperationsServer } from './operations/operations-server.ts';
import { type Problem, ProblemError, rawProblem, sendProblem } from './problem.ts';
import { checkHost, EVENTS_PATH, Producer, type ProducerRequest } from './producer.ts';
import type { StartOptions } from './server-options.ts';

const WEBHOOKS_PATH = '/v1/webhooks/:name';

/** Longer than what load balancers keep a connection, so that it is theirs to close it. */
const KEEP_ALIVE_MS = 75_000;

export interface ProducerServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /**
   * A link by which one browser can log in to the dashboard, once. Undefined: none is served.
   */
  newLoginUrl(): string | undefined;
  /**
   * Takes no more requests, finishes those under way, and resolves. `/readyz` says so from the start; who sends on an open
   * connection meanwhile is answered 503.
   */
  close(): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends, once it is known. */
    sender: string;
    /** What the body counts for in memory. */
    reservedBytes: number;
  }
}

/**
 * Serves `POST /v1/events` and `POST /v1/webhooks/<name>` when there is a stream for them, the dashboard at `/` with its API
 * below `/api` when there is something to operate, and `/healthz`, `/readyz` and `/metrics`.
 *
 * An event is acknowledged after the stream has made it durable. Nothing here is kept in memory behind an answer.
 *
 * @throws LoadError `server-open` when anybody could send, and for keys, webhooks or schemas that cannot be
 */
export async function startServer(options: StartOptions): Promise<ProducerServer> {
  const host = options.host ?? '127.0.0.1';
  const producer = new Producer({ ...options, stream: options.stream ?? NO_STREAM });
  if (options.stream !== undefined) checkHost(host, producer.keys);
  const operations =
    options.operations &&
    new OperationsServer(options.operations, {
      now: options.now ?? Date.now,
      onError: options.onError ?? (() => undefined),
    });
  const closing = { isClosing: false };
  const app = createApp(producer, { options, closing });
  operations?.register(app);
  await app.listen({ host, port: options.port ?? 0 });
  const { address, port, family } = app.server.address() as AddressInfo;
  const name = family === 'IPv6' ? `[${address}]` : address;
  let closed: Promise<void> | undefined;
  // What is listened to everywhere is reached from here by the address of this machine.
  const url = `http://${name === '0.0.0.0' || name === '[::]' ? '127.0.0.1' : name}:${port}`;
  return {
    url,
    port,
    newLoginUrl: () => operations && url + operations.newLoginPath(),
    close() {
      closing.isClosing = true;
      closed ??= closeWithin(app, producer.limits.drainMs);
      return closed;
    },
  };
}

async function closeWithin(app: FastifyInstance, drainMs: number): Promise<void> {
  // A client that neither goes on nor hangs up does not hold the process.
  const timer = setTimeout(() => app.server.closeAllConnections(), drainMs);
  await app.close();
  clearTimeout(timer);
}

/** The routes, not listening yet. */
export function createApp(
  producer: Producer,
  { options, closing }: { options: StartOptions; closing: { readonly isClosing: boolean } },
): FastifyInstance {
  const { limits, metrics, inFlight } = producer;
  const app = fastify({
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // Answered below, as a problem like all others.
    return503OnClosing: false,
    http: {
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.requestTimeoutMs,
      // Node looks this often whether a request has taken too long.
      connectionsCheckingInterval: Math.max(50, Math.min(5_000, limits.requestTimeoutMs / 4)),
    },
    clientErrorHandler: answerBrokenRequest,
  });
  app.decorateRequest('sender', '');
  app.decorateRequest('reservedBytes', 0);
  app.removeAllContentTypeParsers();
  // The type is judged with the body, so that it is refused in our words.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, problemOf(error, options.onError)));
  const takesEvents = options.stream !== undefined;
  app.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(request, reply, { takesEvents })));

  app.addHook('onRequest', (_request, reply, done) => {
    if (closing.isClosing) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    metrics.countRequest(request.routeOptions.url ?? 'none', {
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    });
    // A connection that was kept alive before anybody wanted to close: once it is idle, nothing more comes over it.
    if (closing.isClosing) setImmediate(() => app.server.closeIdleConnections());
    done();
  });

  const reserve = (request: FastifyRequest, bytes: number): void => {
    inFlight.take(bytes);
    request.reservedBytes += bytes;
  };
  const admitBody = (request: FastifyRequest, reply: FastifyReply): void => {
    if (closing.isClosing) throw new ProblemError(CLOSING);
    // Whether it is answered or the client goes away.
    reply.raw.once('close', () => inFlight.release(request.reservedBytes));
    const length = Number(request.headers['content-length'] ?? limits.maxBodyBytes);
    reserve(request, Math.min(Number.isFinite(length) ? length : limits.maxBodyBytes, limits.maxBodyBytes));
  };
  const asked = (request: FastifyRequest): ProducerRequest => ({
    headers: request.headers,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    reserve: (bytes) => reserve(request, bytes),
  });
  const accepted = (reply: FastifyReply, { accepted, rejected }: IntakeResult): FastifyReply =>
    reply
      .code(202)
      .header('content-type', 'application/json; charset=utf-8')
      .send(
        rejected.length === 0
          ? `{"accepted":${accepted},"rejected":[]}`
          : JSON.stringify({ accepted, rejected }),
      );

  if (takesEvents) addEventRoutes();
  function addEventRoutes(): void {
    app.post(EVENTS_PATH, {
      onRequest: (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
        // Not a promise: it would be one more turn for each of thousands of requests a second.
        try {
          request.sender = producer.admitSender(request.headers);
          admitBody(request, reply);
          done();
        } catch (error) {
          done(error as Error);
        }
      },
      handler: async (request: FastifyRequest, reply: FastifyReply) =>
        accepted(reply, await producer.takeEvents(request.sender, asked(request))),
    });

    app.post<{ Params: { name: string } }>(WEBHOOKS_PATH, {
      onRequest: async (request, reply) => {
        producer.admitWebhook(request.params.name);
        admitBody(request, reply);
      },
      handler: async (request, reply) =>
        accepted(reply, await producer.takeWebhook(request.params.name, asked(request))),
    });
  }

  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', async (_request, reply) => {
    const reason = closing.isClosing ? CLOSING.detail : await options.notReady?.();
    if (reason === undefined) return reply.type('text/plain').send('ready\n');
    return sendProblem(reply, { status: 503, code: 'not-ready', detail: reason, retryAfterSeconds: 1 });
  });
  app.get('/metrics', async (request, reply) => {
    // Behind keys the numbers are not for everybody either; a scraper on the machine itself needs none.
    if (!isLoopback(request.ip)) producer.admitSender(request.headers);
    return reply.type(metrics.contentType).send(await metrics.text());
  });
  return app;
}

/** Never asked: without a stream there are no routes for events. */
const NO_STREAM: StreamWriter = {
  put: async (entries) => {
    const error = new LoadError('no-events', 'there is no stream for events');
    return entries.map(() => ({ kind: 'failed', error }));
  },
};

const CLOSING: Problem = {
  status: 503,
  code: 'server-closing',
  detail: 'the server is closing; send this to another one, or again in a moment',
  retryAfterSeconds: 1,
};

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./u.test(address);
}

function notFound(
  request: FastifyRequest,
  reply: FastifyReply,
  { takesEvents }: { takesEvents: boolean },
): Problem {
  const path = request.url.split('?')[0] ?? '';
  const takesPost = path === EVENTS_PATH || /^\/v1\/webhooks\/[^/]+$/u.test(path);
  const isKnown = takesPost || ['/healthz', '/readyz', '/metrics'].includes(path);
  if (takesPost && !takesEvents) {
    const detail = "events are not taken: the configuration says nothing of them under 'events'";
    return { status: 404, code: 'no-events', detail };
  }
  if (!isKnown) {
    const hint = takesEvents ? `; events go to POST ${EVENTS_PATH}` : '';
    const detail = `there is nothing at ${request.method} ${path.slice(0, 100)}${hint}`;
    return { status: 404, code: 'not-found', detail };
  }
  const allowed = takesPost ? 'POST' : 'GET';
  reply.header('allow', allowed);
  return {
    status: 405,
    code: 'method-not-allowed',
    detail: `${path} takes ${allowed}, not ${request.method}`,
  };
}

function problemOf(error: unknown, onError: ((error: unknown) => void) | undefined): Problem {
  if (error instanceof ProblemError) return error.problem;
  const { code, statusCode, message } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return {
      status: 413,
      code: 'body-too-large',
      detail: 'the body is larger than this server takes; send fewer events at once',
    };
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: 'request-broken', detail: `the request cannot be read: ${message}` };
  }
  onError?.(error);
  return {
    status: 500,
    code: 'internal',
    detail:
      'the server failed; nothing of this request is known to be stored, so send it again with the same ids',
  };
}

/** Requests that HTTP itself cannot read, and clients that take too long. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem: Problem =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? { status: 408, code: 'request-timeout', detail: 'the request took too long to arrive; send it again' }
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? { status: 431, code: 'headers-too-large', detail: 'the headers are larger than this server takes' }
        : { status: 400, code: 'request-broken', detail: 'this is no HTTP request that can be read' };
  socket.end(rawProblem(problem));
}
