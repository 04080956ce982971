import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LoadError, type Operations } from '@millrace/core';
import { isOperationName, type OperationName } from './operation-names.ts';
import { toWireError } from './wire-error.ts';

/** A bulk document or the paths of 100 000 files fit; a mistake does not fill the memory. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** How long requests under way may take when the process wants to end. */
const CLOSE_GRACE_MS = 5_000;

/**
 * Serves the operations to the other commands of this user on this machine: `POST /operations/<name>`, a list of
 * arguments as the body, `{"result": …}` or `{"error": {code, class, message, hint}}` as the answer. It listens on the
 * loopback address alone and wants the token with every request.
 */
export class ControlServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param operations undefined as long as the process is starting: it answers nobody, and others wait for it. */
  static async open(
    operations: () => Operations | undefined,
    { token }: { token: string },
  ): Promise<ControlServer> {
    const server = createServer((request, response) => {
      answer(operations, request, token).then(
        (result) => reply(response, 200, { result: result ?? null }),
        (error: unknown) => reply(response, statusOf(error), { error: toWireError(error) }),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: 0, host: '127.0.0.1' }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return new ControlServer(server);
  }

  /** Takes no more requests, lets those under way finish for a while, then closes their connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_GRACE_MS);
    await closed;
    clearTimeout(timer);
  }
}

async function answer(
  ask: () => Operations | undefined,
  request: IncomingMessage,
  token: string,
): Promise<unknown> {
  if (!isAuthorised(request, token)) {
    throw new LoadError('unauthorised', 'the request has no valid token', {
      hint: 'run the command as the user who runs `millrace up`',
    });
  }
  const operations = ask();
  if (operations === undefined) {
    throw new LoadError('starting', '`millrace up` is starting', {
      class: 'transient',
      hint: 'try again in a moment; what it waits for is on its stderr, and on its dashboard',
    });
  }
  if (request.url === '/ping') return 'millrace';
  const name = /^\/operations\/(\w+)$/u.exec(request.url ?? '')?.[1];
  if (name === undefined || !isOperationName(name) || request.method !== 'POST') {
    throw new LoadError('unknown-operation', `there is no operation ${request.method} ${request.url}`, {
      hint: 'use the same version of millrace that `millrace up` runs on',
    });
  }
  return call(operations, name, await readArguments(request));
}

function call(operations: Operations, name: OperationName, args: readonly unknown[]): Promise<unknown> {
  // The client is this very package: arguments have been checked by the compiler on its side, and by the operations.
  const operation = operations[name] as (...args: readonly unknown[]) => Promise<unknown>;
  return operation.apply(operations, [...args]);
}

async function readArguments(request: IncomingMessage): Promise<readonly unknown[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new LoadError('request-too-large', `a request has more than ${MAX_BODY_BYTES} bytes`, {
        hint: 'name fewer files at once',
      });
    }
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (Array.isArray(value)) return value;
  } catch (cause) {
    throw new LoadError('invalid-request', 'the body of a request is not JSON', { cause });
  }
  throw new LoadError('invalid-request', 'the body of a request is not a list of arguments');
}

function isAuthorised({ headers }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function statusOf(error: unknown): number {
  if (!(error instanceof LoadError)) return 500;
  switch (error.code) {
    case 'unauthorised':
      return 401;
    case 'unknown-operation':
      return 404;
    case 'request-too-large':
      return 413;
    default:
      return 400;
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  // `Connection: close` on a refusal: the rest of a body that is too large is not waited for.
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(status === 200 ? {} : { connection: 'close' }),
  });
  response.end(JSON.stringify(body));
}
