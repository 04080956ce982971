import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problem.ts';
import type { Guard } from './guard.ts';
import type { PageFile } from './page-files.ts';
import type { Sessions } from './sessions.ts';

/**
 * Serves the page to anybody who can reach it: it holds no data. `/?token=…` logs a browser in and leads to `/`, so that the
 * token is in no address that is kept.
 */
export function servePage(
  scope: FastifyInstance,
  {
    files,
    guard,
    sessions,
  }: { files: Promise<ReadonlyMap<string, PageFile>>; guard: Guard; sessions: Sessions },
): void {
  scope.get('/', async (request: FastifyRequest<{ Querystring: { token?: unknown } }>, reply) => {
    const { token } = request.query;
    // A look at the headers alone (what mail programs do to links) does not use the link up.
    if (typeof token !== 'string' || request.method === 'HEAD') return sendFile(request, reply, files, '/');
    const cookie = sessions.redeem(token);
    if (cookie !== undefined) guard.setCookie(request, reply, cookie);
    return reply
      .code(303)
      .header('cache-control', 'no-store')
      .header('location', cookie === undefined ? '/#/login/used' : '/')
      .send();
  });
  scope.get<{ Params: { '*': string } }>('/assets/*', async (request, reply) =>
    sendFile(request, reply, files, `/assets/${request.params['*']}`),
  );
  for (const path of ['/favicon.svg']) {
    scope.get(path, async (request, reply) => sendFile(request, reply, files, path));
  }
}

async function sendFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  files: Promise<ReadonlyMap<string, PageFile>>,
  path: string,
): Promise<FastifyReply> {
  const file = (await files.catch(unbuilt)).get(path);
  if (file === undefined) {
    throw new ProblemError({ status: 404, code: 'not-found', detail: 'the page has no such part' });
  }
  reply
    .type(file.type)
    .header('etag', file.etag)
    .header('vary', 'accept-encoding')
    .header('cache-control', file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (headers['if-none-match'] === file.etag) return reply.code(304).send();
  const accepted = String(headers['accept-encoding'] ?? '');
  if (/\bbr\b/u.test(accepted)) return reply.header('content-encoding', 'br').send(file.brotli);
  if (/\bgzip\b/u.test(accepted)) return reply.header('content-encoding', 'gzip').send(file.gzip);
  return reply.send(file.plain);
}

function unbuilt(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new ProblemError(
    { status: 503, code: 'page-missing', detail: `the dashboard could not be built: ${reason}` },
    { cause },
  );
}
