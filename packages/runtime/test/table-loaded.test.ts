import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openLoadedHooks } from '@millrace/aws/webhook';
import { type LoaderEvent, parseConfig } from '@millrace/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoadedDesk } from '../src/loaded-desk.ts';

let server: Server;
let url = '';
const received: { headers: IncomingHttpHeaders; body: string }[] = [];
let answers: number[] = [];

beforeEach(async () => {
  received.length = 0;
  answers = [];
  server = createServer((request, reply) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      reply.writeHead(answers.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/loaded`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function loaded(target: string, nth: number): LoaderEvent {
  return {
    kind: 'table-loaded',
    target,
    job: {
      id: `01JD000000000000000000000${nth}`,
      attempt: 1,
      fence: 1,
      files: 2,
      bytes: 10,
      documentUrl: 's3://millrace/x',
      documentHash: '',
      submittedAt: 1_000,
    },
    rows: nth,
    oldestArrivalAt: 500,
    newestArrivalAt: 900,
    arrivals: [500, 900],
    at: 1_250,
  };
}

function openDesk(hook: object = {}, env: Record<string, string> = {}) {
  const errors: unknown[] = [];
  const config = parseConfig(
    {
      tableLoaded: [{ url, ...hook }],
      targets: {
        flights: { mode: 'append', from: 's3://lake/flights/', format: { kind: 'csv' } },
        airports: { mode: 'append', from: 's3://lake/airports/', format: { kind: 'csv' } },
      },
    },
    { source: 'test' },
  );
  const hooks = openLoadedHooks(config.tableLoaded, { env, onError: (error) => errors.push(error) });
  const desk = new LoadedDesk(hooks, {
    database: 'dev',
    now: () => 1_795_264_440_000,
    onError: (_, error) => errors.push(error),
    firstRetryMs: 10,
  });
  return { desk, errors };
}

describe('who is told of a load', () => {
  it('hears of it once, signed, with the job to know it again by', async () => {
    const { desk } = openDesk(
      { signingKey: { env: 'KEY' }, token: { env: 'TOKEN' } },
      { KEY: 'k', TOKEN: 't' },
    );
    desk.hear(loaded('public.flights', 1));
    await desk.stop({ withinMs: 5_000 });
    expect(received).toHaveLength(1);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    expect(JSON.parse(body)).toEqual({
      version: 1,
      type: 'table.loaded',
      target: 'public.flights',
      database: 'dev',
      job: '01JD0000000000000000000001',
      rows: 1,
      files: 2,
      bytes: 10,
      newestArrivalAt: '1970-01-01T00:00:00.900Z',
      durationMs: 250,
    });
    const signature = createHmac('sha256', 'k').update(`1795264440.${body}`).digest('hex');
    expect(headers).toMatchObject({
      'x-millrace-signature': `t=1795264440,v1=${signature}`,
      'x-millrace-delivery': '01JD0000000000000000000001',
      authorization: 'Bearer t',
    });
  });

  it('hears of the targets that it wants, in the order of the loads, also after it was away', async () => {
    answers = [503, 503, 503, 503, 503, 503];
    const { desk, errors } = openDesk({ targets: ['flights'] });
    desk.hear(loaded('public.flights', 1));
    desk.hear(loaded('public.airports', 2));
    desk.hear(loaded('public.flights', 3));
    await desk.stop({ withinMs: 10_000 });
    const taken = received.slice(6).map(({ body }) => JSON.parse(body).job.at(-1));
    expect(taken).toEqual(['1', '3']);
    // Of one outage it is told once.
    expect(errors).toMatchObject([{ code: 'hook-undelivered' }]);
  });

  it('that refuses one hears of the next', async () => {
    answers = [400];
    const { desk, errors } = openDesk();
    desk.hear(loaded('public.flights', 1));
    desk.hear(loaded('public.flights', 2));
    await desk.stop({ withinMs: 5_000 });
    expect(received).toHaveLength(2);
    expect(errors).toMatchObject([{ code: 'hook-refused' }]);
  });

  it('and is away at the end: what it was not told is named', async () => {
    answers = Array.from({ length: 100 }, () => 503);
    const { desk, errors } = openDesk({ timeout: '100ms' });
    desk.hear(loaded('public.flights', 1));
    await desk.stop({ withinMs: 300 });
    expect(errors.at(-1)).toMatchObject({
      code: 'hook-dropped',
      message: expect.stringContaining('public.flights'),
    });
  });
});

it('is left out, and told, without its secret', () => {
  const { errors } = openDesk({ signingKey: { env: 'KEY' } });
  expect(errors).toMatchObject([{ code: 'hook-secret-missing' }]);
});

it.each([
  [{ targets: ['nowhere'] }, 'is not a target'],
  [{ timeout: '1h' }, 'too long'],
  [{ url: 'ftp://x' }, 'url'],
])('%j is refused with the configuration', (hook, message) => {
  expect(() => openDesk(hook)).toThrow(message);
});
