import type { AddressInfo } from 'node:net';
import { LoadError, type Operations } from '@millrace/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, ProblemError, sendProblem } from '../problem.ts';
import { Guard } from './guard.ts';
import { LiveFeed } from './live-feed.ts';
import type { OperationsOptions } from './operations-options.ts';
import { readPageFiles } from './page-files.ts';
import { loginBody, readBody } from './read-request.ts';
import { addActions, addQueries } from './serve-operations.ts';
import { servePage } from './serve-page.ts';
import { Sessions } from './sessions.ts';

/** Bodies here are a few names and a sentence. */
const MAX_BODY_BYTES = 64 * 1_024;

/** The page and its API, below a server that may also take events. */
export class OperationsServer {
  readonly #options: OperationsOptions;
  readonly #sessions: Sessions;
  readonly #onError: (error: unknown) => void;

  constructor(
    options: OperationsOptions,
    { now, onError }: { now: () => number; onError: (error: unknown) => void },
  ) {
    this.#options = options;
    this.#onError = onError;
    this.#sessions = new Sessions({ operatorTokens: options.operatorTokens ?? [], now });
  }

  /** The path of a link by which one browser can log in, once. */
  newLoginPath(): string {
    return `/?token=${this.#sessions.newLink()}`;
  }

  /** Adds the routes: `/` and what the page is made of, `/api/…`. Hooks and error handlers stay within them. */
  register(app: FastifyInstance): void {
    const { names = [], page, operations, startingNote = () => undefined } = this.#options;
    const port = (): number => (app.server.address() as AddressInfo | null)?.port ?? 0;
    const guard = new Guard(this.#sessions, { names, port });
    const live = new LiveFeed({ operations, note: startingNote });
    // Before the server waits for requests under way: these would never end.
    app.addHook('preClose', (done) => {
      live.close();
      done();
    });
    if (page !== undefined) {
      const files = Promise.resolve(page).then(readPageFiles);
      // Whoever asks for the page is told; nobody asks, nobody needs to know.
      files.catch(() => undefined);
      app.register(async (scope) => {
        this.#guardAll(scope, guard);
        servePage(scope, { files, guard, sessions: this.#sessions });
      });
    }
    app.register(async (scope) => this.#addApi(scope, guard, live), { prefix: '/api' });
  }

  #addApi(scope: FastifyInstance, guard: Guard, live: LiveFeed): void {
    this.#guardAll(scope, guard);
    scope.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });
    scope.setNotFoundHandler((request, reply) =>
      sendProblem(reply, {
        status: 404,
        code: 'not-found',
        detail: `there is nothing at ${request.method} ${(request.url.split('?')[0] ?? '').slice(0, 100)}`,
      }),
    );
    const bodyLimit = MAX_BODY_BYTES;
    scope.post('/session', { bodyLimit }, async (request, reply) => {
      guard.checkPage(request);
      const cookie = this.#sessions.redeem(readBody(request, loginBody).token);
      if (cookie === undefined) throw new ProblemError(USED_LINK);
      guard.setCookie(request, reply, cookie);
      return reply.code(204).send();
    });
    scope.register(async (inner) => {
      inner.addHook('onRequest', async (request) => guard.admit(request));
      inner.delete('/session', async (request, reply) => {
        const cookie = guard.cookieOf(request);
        if (cookie !== undefined) this.#sessions.end(cookie);
        guard.setCookie(request, reply, undefined);
        return reply.code(204).send();
      });
      inner.get('/session', async () => ({
        operator: this.#options.operatorName,
        version: this.#options.version,
      }));
      inner.post('/links', { bodyLimit }, async () => ({ path: this.newLoginPath() }));
      inner.get('/live', { exposeHeadRoute: false }, async (_request, reply) => {
        if (live.isFull) throw new ProblemError(TOO_MANY);
        const headers = reply.getHeaders();
        reply.hijack();
        live.add(reply.raw, headers);
      });
      const ask = (): Operations => this.#running();
      addQueries(inner, ask);
      addActions(inner, ask, { bodyLimit, operatorName: this.#options.operatorName });
    });
  }

  #running(): Operations {
    const { operations, startingNote } = this.#options;
    const running = operations();
    if (running !== undefined) return running;
    throw new ProblemError({
      status: 503,
      code: 'starting',
      detail: startingNote?.() ?? 'Millrace is starting',
      retryAfterSeconds: 1,
    });
  }

  #guardAll(scope: FastifyInstance, guard: Guard): void {
    scope.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
      guard.protect(reply);
      guard.checkHost(request);
    });
    scope.setErrorHandler((error, _request, reply) => sendProblem(reply, this.#problemOf(error)));
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof ProblemError) return error.problem;
    if (error instanceof LoadError) return problemOfLoadError(error);
    const { code, statusCode, message } = error as Partial<Error> & { code?: string; statusCode?: number };
    if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
      const detail = `a body here has at most ${MAX_BODY_BYTES} bytes`;
      return { status: 413, code: 'body-too-large', detail };
    }
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      return { status: statusCode, code: 'request-broken', detail: `the request cannot be read: ${message}` };
    }
    this.#onError(error);
    return { status: 500, code: 'internal', detail: 'the server failed; its log says how' };
  }
}

const USED_LINK: Problem = {
  status: 401,
  code: 'link-used',
  detail: 'this link was used already, or is not of this server; `millrace dashboard` prints a new one',
};

const TOO_MANY: Problem = {
  status: 503,
  code: 'too-many-listeners',
  detail: 'too many pages are open; close some',
  retryAfterSeconds: 30,
};

function problemOfLoadError(error: LoadError): Problem {
  return { status: statusOf(error), code: error.code, detail: error.sentence };
}

function statusOf({ code, class: kind }: LoadError): number {
  if (/-(?:unknown|missing)$/u.test(code)) return 404;
  if (/-busy$|^job-not-running$/u.test(code)) return 409;
  if (kind === 'usage') return 400;
  return kind === 'unavailable' || kind === 'transient' ? 503 : 500;
}
