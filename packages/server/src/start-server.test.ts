import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { LoadError } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { KeptEvents, streamFull } from '../test/kept-events.ts';
import type { ServerOptions } from './server-options.ts';
import { type ProducerServer, startServer } from './start-server.ts';
import { github, shopify, stripe } from './webhook-presets.ts';

const servers: ProducerServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const KEY = 'k'.repeat(24);
const EVENT = { id: 'e1', type: 'page.viewed', time: '2026-01-01T00:00:00Z', data: { url: '/' } };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}
type Send = (
  body: string | Uint8Array,
  options?: { path?: string; method?: string; headers?: Record<string, string> },
) => Promise<Answer>;

async function serve(
  options: Partial<ServerOptions> = {},
): Promise<{ server: ProducerServer; stream: KeptEvents; send: Send }> {
  const stream = new KeptEvents();
  const server = await startServer({ stream, ...options });
  servers.push(server);
  const send: Send = async (body, { path = '/v1/events', method = 'POST', headers = {} } = {}) => {
    const response = await fetch(server.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body: body as string } : {}),
    });
    const text = await response.text();
    const isJson = /json/u.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
  };
  return { server, stream, send };
}

const json = JSON.stringify;
const lines = { 'content-type': 'application/x-ndjson' };
const expectProblem = ({ status, headers, body }: Answer, expected: number, code: string): void => {
  expect({ status, type: body.type }).toEqual({ status: expected, type: `urn:millrace:problem:${code}` });
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(body.status).toBe(expected);
  expect(String(body.detail).length).toBeGreaterThan(10);
};

describe('POST /v1/events', () => {
  it('takes one event, an array and lines, plain and packed', async () => {
    const { stream, send } = await serve();
    const two = [EVENT, { ...EVENT, id: 'e2' }];
    const ndjson = `\n${json(EVENT)}\r\n\n${json({ ...EVENT, id: 'e2' })}`;
    const gzip = { 'content-encoding': 'gzip' };
    const answers = [
      await send(json(EVENT)),
      await send(json(two)),
      await send(ndjson, { headers: lines }),
      await send(gzipSync(json(two)), { headers: gzip }),
      await send(gzipSync(ndjson), { headers: { ...lines, ...gzip } }),
      await send(`\uFEFF${json(EVENT)}`, { headers: { 'content-type': 'application/json; charset=UTF-8' } }),
      await send('[]'),
    ];
    expect(answers.map(({ status, body }) => [status, body.accepted, body.rejected])).toEqual(
      [1, 2, 2, 2, 2, 1, 0].map((accepted) => [202, accepted, []]),
    );
    expect(stream.events.map(({ id }) => id).join()).toBe('e1,e1,e2,e1,e2,e1,e2,e1,e2,e1');
    expect(stream.events[0]).toEqual(EVENT);
    expect(stream.entries[0]?.partitionKey).toBe('e1');
  });

  it('gives an event an id and a time when it has none, and keeps what else it has', async () => {
    const { stream, send } = await serve({ now: () => Date.UTC(2026, 0, 2) });
    expect((await send('{"type":"a","tenant":7}')).status).toBe(202);
    const { id, ...rest } = stream.events[0] as { id: string };
    expect(rest).toEqual({ type: 'a', time: '2026-01-02T00:00:00.000Z', tenant: 7, data: null });
    expect(id).toMatch(/^[0-9a-f-]{36}$/u);
  });

  it('keeps an event that lacks nothing byte for byte, one or a line', async () => {
    const { stream, send } = await serve();
    const text =
      '{"time":"2026-01-01T00:00:00Z", "type":"a","id":"e\\u00e9","data":{"n":1.50,"s":"\\ud83d\\ude00x1234567890123456789"}}';
    await send(text);
    await send(`${text}\n${text}`, { headers: lines });
    await send(`[${text}]`);
    const kept = stream.entries.map(({ data }) => Buffer.from(data).toString());
    expect(kept.slice(0, 3)).toEqual([text, text, text]);
    expect(JSON.parse(kept[3] ?? '')).toEqual(JSON.parse(text));
    expect(stream.entries.map(({ partitionKey }) => partitionKey)).toEqual(Array<string>(4).fill('eé'));
  });

  it('answers after the events are durable, not before', async () => {
    const { stream, send } = await serve();
    let store: () => void = () => undefined;
    stream.until = new Promise((resolve) => {
      store = resolve;
    });
    let isAnswered = false;
    const answer = send(json(EVENT)).then((one) => {
      isAnswered = true;
      return one;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isAnswered).toBe(false);
    store();
    expect((await answer).status).toBe(202);
  });

  it('takes the good ones of a batch, and says of each other one why not', async () => {
    const { stream, send } = await serve();
    const answer = await send(
      [
        '{"id":"bad time","type":"a","time":"yesterday"}',
        json(EVENT),
        '{"id":',
        '[]',
        '{"id":"x","type":""}',
      ].join('\n'),
      { headers: lines },
    );
    expect(answer.status).toBe(202);
    expect(answer.body.accepted).toBe(1);
    expect(answer.body.rejected).toMatchObject([
      { index: 0, id: 'bad time', code: 'event-time-invalid' },
      { index: 2, code: 'event-not-json' },
      { index: 3, code: 'event-invalid' },
      { index: 4, id: 'x', code: 'event-type-invalid' },
    ]);
    expect(stream.events).toEqual([EVENT]);
  });

  it('tells what the stream did not take, so that it is sent again', async () => {
    const { stream, send } = await serve();
    stream.refuses = (at) => (at === 1 ? streamFull() : undefined);
    const some = await send(json([EVENT, { ...EVENT, id: 'e2' }]));
    expect(some.status).toBe(202);
    expect(some.body).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, id: 'e2', code: 'stream-full', retry: true }],
    });
    stream.refuses = () => streamFull();
    const none = await send(json([EVENT, { id: 'no type' }]));
    expectProblem(none, 503, 'stream-unavailable');
    expect(none.headers.get('retry-after')).toBe('1');
    expect(none.body).toMatchObject({
      accepted: 0,
      rejected: [{ retry: true }, { code: 'event-type-invalid' }],
    });
    stream.refuses = () => new LoadError('record-too-large', 'too large for the stream', { class: 'usage' });
    const large = await send(json(EVENT));
    expectProblem(large, 422, 'events-rejected');
    expect(large.body).toMatchObject({ rejected: [{ code: 'record-too-large' }] });
    stream.refuses = () => {
      throw new Error('a defect');
    };
    expectProblem(await send(json(EVENT)), 500, 'internal');
  });

  it('holds data against the schema of its type', async () => {
    const schema = {
      type: 'object',
      required: ['url'],
      properties: { url: { type: 'string', format: 'uri-reference' }, kind: { enum: ['a', 'b'] } },
    };
    const draft7 = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'number' };
    const { stream, send } = await serve({ schemas: { 'page.viewed': schema, temperature: draft7 } });
    const wrong = await send(json({ ...EVENT, data: { url: 7 } }));
    expectProblem(wrong, 422, 'events-rejected');
    expect(wrong.body.rejected).toMatchObject([
      {
        code: 'event-schema',
        reason: "the schema of 'page.viewed' does not take it: data.url must be string",
      },
    ]);
    const kinds = await send(
      json([{ ...EVENT, data: { url: '/', kind: 'c' } }, EVENT, { type: 'temperature', data: 7 }]),
    );
    expect(kinds.body).toMatchObject({
      accepted: 2,
      rejected: [{ reason: expect.stringContaining('["a","b"]') }],
    });
    expect((await send(json({ type: 'constructor', data: 1 }))).status).toBe(202);
    expect(stream.events).toHaveLength(3);
    await expect(startServer({ stream, schemas: { a: { type: 'none' } } })).rejects.toMatchObject({
      code: 'schema-invalid',
    });
  });

  it('refuses unknown types where the types are known', async () => {
    const { send } = await serve({ knownTypes: ['page.viewed'] });
    expect((await send(json(EVENT))).status).toBe(202);
    const unknown = await send(json({ ...EVENT, type: 'page.veiwed' }));
    expectProblem(unknown, 422, 'events-rejected');
    expect(unknown.body.rejected).toMatchObject([{ id: 'e1', code: 'event-type-unknown' }]);
  });
});

describe('bad input is answered clearly:', () => {
  const cases: readonly (readonly [string, string | Uint8Array, Record<string, string>, number, string])[] = [
    ['nothing', '', {}, 400, 'body-empty'],
    ['JSON that breaks off', '{"id":"1","type"', {}, 400, 'body-not-json'],
    ['lines sent as JSON', `${json(EVENT)}\n${json(EVENT)}`, {}, 400, 'body-not-json'],
    ['a NUL byte', '{"id":"\0","type":"a"}', {}, 400, 'body-not-json'],
    ['an escaped NUL in a name', '{"id":"a\\u0000b","type":"a"}', {}, 422, 'events-rejected'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), {}, 400, 'body-not-utf8'],
    ['a lone byte of UTF-16', Buffer.from(json(EVENT), 'utf16le'), {}, 400, 'body-not-json'],
    ['a text', '"hello"', {}, 422, 'events-rejected'],
    ['null', 'null', {}, 422, 'events-rejected'],
    ['a number that is no double', '{"type":"a","data":{"n":1e999}}', {}, 422, 'events-rejected'],
    [
      'a whole number beyond 2^53',
      '{"type":"a","data":{"n":12345678901234567891}}',
      {},
      422,
      'events-rejected',
    ],
    [
      'arrays within arrays',
      `{"type":"a","data":${'['.repeat(101)}${']'.repeat(101)}}`,
      {},
      422,
      'events-rejected',
    ],
    [
      'a very deep object',
      `{"type":"a","data":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`,
      {},
      422,
      'events-rejected',
    ],
    ['a very deep array', `${'['.repeat(500_000)}${']'.repeat(500_000)}`, {}, 422, 'events-rejected'],
    [
      'a deep one with a huge number',
      `{"type":"a","data":${'['.repeat(200_000)}1e999${']'.repeat(200_000)}}`,
      {},
      422,
      'event-too-deep',
    ],
    [
      'an event that is too large',
      json({ type: 'a', data: 'x'.repeat(1_000_001) }),
      {},
      422,
      'events-rejected',
    ],
    ['a body that is too large', `"${'x'.repeat(6_000_000)}"`, {}, 413, 'body-too-large'],
    ['too many events', `[${'0,'.repeat(10_000)}0]`, {}, 413, 'too-many-events'],
    ['too many lines', '0\n'.repeat(10_001), lines, 413, 'too-many-events'],
    ['a form', 'id=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'content-type'],
    ['plain text', json(EVENT), { 'content-type': 'text/plain' }, 415, 'content-type'],
    [
      'another character set',
      json(EVENT),
      { 'content-type': 'application/json; charset=latin1' },
      415,
      'content-type',
    ],
    ['another packing', json(EVENT), { 'content-encoding': 'br' }, 415, 'content-encoding'],
    ['gzip that is none', json(EVENT), { 'content-encoding': 'gzip' }, 400, 'gzip-broken'],
    [
      'gzip that is cut off',
      gzipSync(json(EVENT)).subarray(0, 30),
      { 'content-encoding': 'gzip' },
      400,
      'gzip-broken',
    ],
    [
      'a zip bomb',
      gzipSync(Buffer.alloc(200_000_000)),
      { 'content-encoding': 'gzip' },
      413,
      'body-too-large',
    ],
    [
      'a bomb within a bomb',
      gzipSync(gzipSync(Buffer.alloc(50_000_000))),
      { 'content-encoding': 'gzip' },
      400,
      'body-not-utf8',
    ],
  ];
  for (const [name, body, headers, status, code] of cases) {
    it(name, async () => {
      const { stream, send } = await serve();
      expectProblem(await send(body, { headers }), status, code);
      expect(stream.entries).toEqual([]);
      expect((await send(json(EVENT))).status).toBe(202);
    });
  }

  it('other paths and methods', async () => {
    const { send } = await serve();
    expectProblem(await send('{}', { path: '/v1/event' }), 404, 'not-found');
    const get = await send('', { method: 'GET' });
    expectProblem(get, 405, 'method-not-allowed');
    expect(get.headers.get('allow')).toBe('POST');
    expectProblem(await send('', { path: '/metrics' }), 405, 'method-not-allowed');
  });

  it('what is no HTTP at all', async () => {
    const { server } = await serve();
    expect(await talk(server.port, 'HELLO\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*request-broken/su);
    const headers = `POST /v1/events HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`;
    expect(await talk(server.port, headers)).toMatch(/^HTTP\/1.1 431 .*headers-too-large/su);
    const length = 'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n';
    expect(await talk(server.port, length)).toMatch(/^HTTP\/1.1 400 /u);
  });

  it('a client that takes its time', async () => {
    const { server, stream, send } = await serve({ limits: { requestTimeoutMs: 300 } });
    const head =
      'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id"';
    expect(await talk(server.port, head)).toMatch(/^HTTP\/1.1 408 .*request-timeout/su);
    expect(await talk(server.port, 'POST /v1/ev')).toMatch(/^HTTP\/1.1 408 /u);
    expect(stream.entries).toEqual([]);
    expect((await send(json(EVENT))).status).toBe(202);
  });
});

describe('memory', () => {
  it('is bounded: what has no room is answered 503, and room comes back when clients go away', async () => {
    const { server, send } = await serve({ limits: { maxBytesInFlight: 3_000 } });
    const head =
      'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2500\r\n\r\n{';
    const socket = await open(server.port, head);
    await eventually(async () => (await send(json({ ...EVENT, data: 'x'.repeat(1_000) }))).status === 503);
    const busy = await send(json({ ...EVENT, data: 'x'.repeat(1_000) }));
    expectProblem(busy, 503, 'server-busy');
    expect(busy.headers.get('retry-after')).toBe('1');
    expect((await send(json(EVENT))).status).toBe(202);
    socket.destroy();
    await eventually(async () => (await send(json({ ...EVENT, data: 'x'.repeat(1_000) }))).status === 202);
    // What unpacking makes counts too.
    const packed = gzipSync(json({ ...EVENT, data: 'x'.repeat(10_000) }));
    const answer = await send(packed, { headers: { 'content-encoding': 'gzip' } });
    expectProblem(answer, 503, 'server-busy');
  });
});

describe('API keys', () => {
  const keys = [
    { name: 'shop', key: KEY },
    { name: 'app', key: 'a'.repeat(24) },
  ];

  it('let in who has one', async () => {
    const { send, stream } = await serve({ keys });
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await send(json(EVENT), { headers })).status;
    expect(await statusOf({ authorization: `Bearer ${KEY}` })).toBe(202);
    expect(await statusOf({ 'x-api-key': 'a'.repeat(24) })).toBe(202);
    const none = await send(json(EVENT));
    expectProblem(none, 401, 'key-unknown');
    expect(none.headers.get('www-authenticate')).toMatch(/^Bearer/u);
    for (const wrong of [`Bearer ${KEY}k`, 'Bearer ', `Basic ${KEY}`, KEY]) {
      expect(await statusOf({ authorization: wrong })).toBe(401);
    }
    expect(stream.entries).toHaveLength(2);
  });

  it('are needed by a server that others can reach', async () => {
    const stream = new KeptEvents();
    await expect(startServer({ stream, host: '0.0.0.0' })).rejects.toMatchObject({ code: 'server-open' });
    await expect(startServer({ stream, keys: [{ name: 'a', key: 'short' }] })).rejects.toMatchObject({
      code: 'api-key-weak',
    });
    const { server } = await serve();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    await serve({ host: '0.0.0.0', keys });
  });

  it('have a rate limit each, in events', async () => {
    let now = 0;
    const { send } = await serve({ keys, rateLimit: { eventsPerSecond: 10, burst: 20 }, now: () => now });
    const sendMany = (count: number, key = KEY): Promise<Answer> =>
      send(json(Array.from({ length: count }, () => EVENT)), { headers: { 'x-api-key': key } });
    expect((await sendMany(15)).status).toBe(202);
    expect((await sendMany(35)).status).toBe(202);
    const refused = await sendMany(1);
    expectProblem(refused, 429, 'rate-limit');
    expect(refused.headers.get('retry-after')).toBe('4');
    expect((await sendMany(1, 'a'.repeat(24))).status).toBe(202);
    now = 3_000;
    expect((await sendMany(1)).status).toBe(429);
    now = 3_200;
    expect((await sendMany(1)).status).toBe(202);
  });
});

describe('webhooks', () => {
  const SECRET = 'whsec_test';
  const now = 1_767_225_600_000;
  const hmac = (body: string, encoding: 'hex' | 'base64' = 'hex', secret = SECRET): string =>
    createHmac('sha256', secret).update(body).digest(encoding);

  async function serveHooks() {
    return serve({
      now: () => now,
      webhooks: {
        github: github(SECRET, 'an older one'),
        stripe: stripe(SECRET),
        shopify: shopify(SECRET),
        slack: {
          secrets: [SECRET],
          signature: {
            header: 'x-slack-signature',
            prefix: 'v0=',
            timestampHeader: 'x-slack-request-timestamp',
            signed: 'v0:{timestamp}:{body}',
          },
          type: 'slack.event',
        },
      },
    });
  }

  it('of GitHub, Stripe, Shopify and a scheme of its own become events', async () => {
    const { send, stream } = await serveHooks();
    const body = json({ zen: 'Ünïcode', id: 12345678901234567891n.toString(), big: 1 }).replace(
      '"12345678901234567891"',
      '12345678901234567891',
    );
    const hook = (name: string, headers: Record<string, string>, text = body) =>
      send(text, { path: `/v1/webhooks/${name}`, headers });
    const pushed = { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hmac(body)}` };
    expect(await hook('github', pushed)).toMatchObject({ status: 202, body: { accepted: 1, rejected: [] } });
    const old = { ...pushed, 'x-hub-signature-256': `sha256=${hmac(body, 'hex', 'an older one')}` };
    expect((await hook('github', old)).status).toBe(202);
    const [first, again] = stream.events;
    expect(first).toMatchObject({
      type: 'github.push',
      source: 'github',
      data: { zen: 'Ünïcode', id: '12345678901234567891', big: 1 },
    });
    expect(again?.id).toBe(first?.id);

    const charge = json({ id: 'evt_1', type: 'charge.succeeded', created: now / 1_000 - 60 });
    const t = String(now / 1_000 - 10);
    const sign = `t=${t},v1=${hmac(`${t}.${charge}`, 'hex', 'the new one')},v1=${hmac(`${t}.${charge}`)},v0=abc`;
    expect((await hook('stripe', { 'stripe-signature': sign }, charge)).status).toBe(202);
    expect(stream.events[2]).toMatchObject({
      id: 'evt_1',
      type: 'stripe.charge.succeeded',
      time: '2025-12-31T23:59:00.000Z',
    });

    const order = {
      'x-shopify-topic': 'orders/create',
      'x-shopify-hmac-sha256': hmac(body, 'base64'),
      'x-shopify-triggered-at': '2025-12-31T23:59:59.123456789Z',
    };
    expect((await hook('shopify', order)).status).toBe(202);
    expect(stream.events[3]).toMatchObject({
      type: 'shopify.orders/create',
      time: order['x-shopify-triggered-at'],
    });

    const slack = { 'x-slack-signature': `v0=${hmac(`v0:${t}:${body}`)}`, 'x-slack-request-timestamp': t };
    expect((await hook('slack', slack)).status).toBe(202);
  });

  it('that are not signed right, or not now, are refused', async () => {
    const { send, stream } = await serveHooks();
    const charge = json({ id: 'evt_1', type: 'charge.succeeded' });
    const sent = (signature: string | undefined, text = charge) =>
      send(text, {
        path: '/v1/webhooks/stripe',
        headers: signature === undefined ? {} : { 'stripe-signature': signature },
      });
    const at = (seconds: number): string => {
      const t = String(now / 1_000 - seconds);
      return `t=${t},v1=${hmac(`${t}.${charge}`)}`;
    };
    expect((await sent(at(299))).status).toBe(202);
    expectProblem(await sent(at(301)), 401, 'webhook-stale');
    expectProblem(await sent(at(-301)), 401, 'webhook-stale');
    const wrong = [
      undefined,
      '',
      'v1=abc',
      `t=${now / 1_000}`,
      `t=soon,v1=${hmac('x')}`,
      `t=${now / 1_000},v1=`,
      `t=${now / 1_000},v1=zz`,
      `t=${now / 1_000},v1=${hmac(charge)}`,
      at(10).replace(/t=\d+/u, `t=${now / 1_000}`),
    ];
    for (const signature of wrong) expectProblem(await sent(signature), 401, 'webhook-signature');
    expectProblem(await sent(at(10), charge.replace('evt_1', 'evt_2')), 401, 'webhook-signature');
    const unsigned = await send(charge, {
      path: '/v1/webhooks/github',
      headers: { 'x-github-event': 'push', 'x-hub-signature-256': hmac(charge) },
    });
    expectProblem(unsigned, 401, 'webhook-signature');
    expect(stream.entries).toHaveLength(1);
  });

  it('that cannot be read are refused with what is missing', async () => {
    const { send } = await serveHooks();
    const hook = (text: string, headers: Record<string, string> = {}) =>
      send(text, {
        path: '/v1/webhooks/github',
        headers: { 'x-hub-signature-256': `sha256=${hmac(text)}`, ...headers },
      });
    expectProblem(await hook('{}'), 422, 'webhook-incomplete');
    expectProblem(await hook('{', { 'x-github-event': 'push' }), 400, 'body-not-json');
    const form = { 'x-github-event': 'push', 'content-type': 'application/x-www-form-urlencoded' };
    expectProblem(await hook('payload=1', form), 415, 'content-type');
    expectProblem(await send('{}', { path: '/v1/webhooks/gitlab' }), 404, 'webhook-unknown');
    expectProblem(await send('{}', { path: '/v1/webhooks/__proto__' }), 404, 'webhook-unknown');
  });

  it('need a configuration that keeps somebody out', async () => {
    const stream = new KeptEvents();
    const start = (source: Parameters<typeof github>[0] | object) =>
      startServer({ stream, webhooks: { a: { ...github(SECRET), ...(source as object) } } });
    const refused = { code: 'webhook-config' };
    await expect(start({ secrets: [] })).rejects.toMatchObject(refused);
    await expect(start({ secrets: [''] })).rejects.toMatchObject(refused);
    await expect(start({ signature: { header: 'x', signed: 'nothing' } })).rejects.toMatchObject(refused);
    await expect(start({ signature: { header: 'x', timestampHeader: 't' } })).rejects.toMatchObject(refused);
    await expect(start({ signature: { header: 'x', signed: '{timestamp}{body}' } })).rejects.toMatchObject(
      refused,
    );
    await expect(startServer({ stream, webhooks: { 'A B': github(SECRET) } })).rejects.toMatchObject(refused);
  });
});

describe('the server tells how it is', () => {
  it('by /healthz and /readyz', async () => {
    let reason: string | undefined;
    const { send } = await serve({ notReady: () => reason });
    const look = (path: string) => send('', { path, method: 'GET' });
    expect(await look('/healthz')).toMatchObject({ status: 200, body: { text: 'ok\n' } });
    expect((await look('/readyz')).status).toBe(200);
    reason = 'the stream is being opened';
    expectProblem(await look('/readyz'), 503, 'not-ready');
    expect((await look('/healthz')).status).toBe(200);
  });

  it('by /metrics', async () => {
    const { send } = await serve();
    await send(json([EVENT, EVENT, {}]));
    await send('{');
    const { body } = await send('', { path: '/metrics', method: 'GET' });
    const text = String(body.text);
    expect(text).toContain('millrace_http_requests_total{route="/v1/events",status="202"} 1');
    expect(text).toContain('millrace_http_requests_total{route="/v1/events",status="400"} 1');
    expect(text).toContain('millrace_events_accepted_total{sender="anybody"} 2');
    expect(text).toContain('millrace_events_rejected_total{code="event-type-invalid"} 1');
    expect(text).toMatch(
      /millrace_http_request_duration_seconds_bucket\{le="\+Inf",route="\/v1\/events"\} 2/u,
    );
    expect(text).toMatch(/process_resident_memory_bytes \d{7,}/u);
  });
});

describe('closing', () => {
  it('finishes what is under way, and takes nothing more', async () => {
    const { server, stream, send } = await serve();
    let store: () => void = () => undefined;
    stream.until = new Promise((resolve) => {
      store = resolve;
    });
    const answer = send(json(EVENT));
    // A connection that is open already.
    const head =
      'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n';
    const late = await open(server.port, head.slice(0, 30));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = server.close();
    late.write(`${head.slice(30)}{}`);
    expect(await textFrom(late)).toMatch(/^HTTP\/1.1 503 .*server-closing/su);
    store();
    expect((await answer).status).toBe(202);
    await closed;
    expect(stream.entries).toHaveLength(1);
    await expect(send(json(EVENT))).rejects.toThrow('fetch failed');
    await server.close();
  });

  it('does not wait for ever for a client that says nothing more', async () => {
    const { server } = await serve({ limits: { drainMs: 100 } });
    const head =
      'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{';
    const socket = await open(server.port, head);
    const ended = textFrom(socket);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close();
    expect(await ended).toBe('');
  });
});

/** Says something over a connection of its own, and listens until it is closed. */
async function talk(port: number, text: string): Promise<string> {
  return textFrom(await open(port, text));
}

async function open(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

async function textFrom(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 100; look += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not come about');
}
