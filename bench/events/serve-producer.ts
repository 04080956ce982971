import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EmbeddedStream } from '@millrace/local';
import { startServer } from '@millrace/server';
import fastify from 'fastify';

/**
 * A server in a process of its own, so that what measures it takes nothing from it: `serve-producer.ts millrace DIRECTORY`, or
 * `serve-producer.ts bare`, a route that parses the same body, drops it, and answers the same. Prints its port.
 */
const [kind, directory = ''] = process.argv.slice(2);
const port = kind === 'millrace' ? await serveEvents() : await serveBare();
process.stdout.write(`${port}\n`);
process.on('SIGTERM', () => process.exit(0));

async function serveEvents(): Promise<number> {
  const stream = await EmbeddedStream.open(join(directory, 'stream'), { shards: 2, retentionMs: 3_600_000 });
  return (await startServer({ stream })).port;
}

async function serveBare(): Promise<number> {
  const app = fastify();
  app.post('/v1/events', async (request, reply) => {
    const accepted = Array.isArray(request.body) ? request.body.length : 1;
    return reply.code(202).send({ accepted, rejected: [] });
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}
