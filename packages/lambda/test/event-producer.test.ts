import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { DeleteStreamCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import { KinesisReader } from '@millrace/aws/kinesis';
import { ConfigError } from '@millrace/core';
import { EmulatedKinesis } from '@millrace/testkit/aws';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  composeProducer,
  createEventProducer,
  type FunctionUrlEvent,
  type HttpAnswer,
} from '../src/index.ts';
import { SpyLog } from './spy-log.ts';

const STREAM = 'events';
const KEY = 'a-key-of-24-characters--';
const SECRET = 'the-secret-of-the-webhook';
const ENV = {
  EVENT_STREAM: STREAM,
  EVENT_SETTINGS: JSON.stringify({
    keys: { web: { env: 'WEB_KEY' } },
    webhooks: { github: { preset: 'github', secret: { env: 'GITHUB_SECRET' } } },
  }),
  WEB_KEY: KEY,
  GITHUB_SECRET: SECRET,
};
const EVENT = { id: 'a', type: 'page.viewed', time: '2026-01-01T00:00:00Z', data: { url: '/a' } };

/** The function, and the stream that it writes to. */
async function open(env: Readonly<Record<string, string>> = ENV) {
  const kinesis = await EmulatedKinesis.start();
  onTestFinished(() => kinesis.close());
  await kinesis.createStream(STREAM, 2);
  const log = new SpyLog();
  const lines: Record<string, unknown>[] = [];
  const client = kinesis.client();
  const composition = composeProducer(env, {
    kinesis: client,
    log,
    writeLine: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const handle = createEventProducer(() => composition);
  return { handle, client, log, lines };
}

/** A request as a Function URL hands it over. */
function request(
  body: string | Buffer,
  { path = '/v1/events', method = 'POST', headers = {}, iam = false }: Partial<RequestOptions> = {},
): FunctionUrlEvent {
  const isBinary = typeof body !== 'string';
  return {
    rawPath: path,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, ...headers },
    requestContext: {
      http: { method },
      ...(iam ? { authorizer: { iam: { userArn: 'arn:aws:iam::123456789012:user/app' } } } : {}),
    },
    body: isBinary ? body.toString('base64') : body,
    isBase64Encoded: isBinary,
  };
}

interface RequestOptions {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly iam: boolean;
}

const read = ({ statusCode, body }: HttpAnswer): unknown[] => [statusCode, JSON.parse(body) as unknown];

async function storedIn(client: KinesisClient): Promise<Record<string, unknown>[]> {
  const reader = new KinesisReader(client, { streamName: STREAM });
  const stored: Record<string, unknown>[] = [];
  for (const { id } of await reader.shards()) {
    const { records } = await reader.read(id, { after: null });
    stored.push(
      ...records.map(({ data }) => JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>),
    );
  }
  return stored;
}

describe('the event producer', () => {
  it('takes one event, an array, and lines that are packed, and answers when Kinesis has them', async () => {
    const { handle, client, lines } = await open();
    expect(read(await handle(request(JSON.stringify(EVENT))))).toEqual([202, { accepted: 1, rejected: [] }]);
    const two = [
      { ...EVENT, id: 'b' },
      { ...EVENT, id: 'c', time: 'yesterday' },
    ];
    expect(read(await handle(request(JSON.stringify(two))))).toEqual([
      202,
      { accepted: 1, rejected: [expect.objectContaining({ index: 1, id: 'c', code: 'event-time-invalid' })] },
    ]);
    const packed = gzipSync(
      `${JSON.stringify({ ...EVENT, id: 'd' })}\n${JSON.stringify({ ...EVENT, id: 'e' })}\n`,
    );
    const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
    expect(read(await handle(request(packed, { headers })))).toEqual([202, { accepted: 2, rejected: [] }]);
    expect((await storedIn(client)).map(({ id }) => id).sort()).toEqual(['a', 'b', 'd', 'e']);
    expect(lines.map(({ EventsAccepted, EventsRejected }) => [EventsAccepted, EventsRejected])).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
    ]);
  });

  it('takes webhooks that are signed, and no others', async () => {
    const { handle, client } = await open();
    const body = '{"ref":"main"}';
    const signed = (secret: string) => ({
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    const path = '/v1/webhooks/github';
    expect(read(await handle(request(body, { path, headers: signed(SECRET) })))).toEqual([
      202,
      { accepted: 1, rejected: [] },
    ]);
    expect((await handle(request(body, { path, headers: signed('other') }))).statusCode).toBe(401);
    expect((await handle(request(body, { path: '/v1/webhooks/gitlab' }))).statusCode).toBe(404);
    expect(await storedIn(client)).toEqual([
      expect.objectContaining({ type: 'github.push', source: 'github', data: { ref: 'main' } }),
    ]);
  });

  it('refuses as the HTTP producer does', async () => {
    const { handle, client, log } = await open();
    const body = JSON.stringify(EVENT);
    const refusals: [FunctionUrlEvent, number, string][] = [
      [request(body, { headers: { authorization: 'Bearer wrong' } }), 401, 'key-unknown'],
      [request('{"id":'), 400, 'body-not-json'],
      [request(''), 400, 'body-empty'],
      [request(body, { headers: { 'content-type': 'text/plain' } }), 415, 'content-type'],
      [request(Buffer.from('no gzip'), { headers: { 'content-encoding': 'gzip' } }), 400, 'gzip-broken'],
      [
        request(gzipSync(Buffer.alloc(30_000_000, ' ')), { headers: { 'content-encoding': 'gzip' } }),
        413,
        'body-too-large',
      ],
      [request('x'.repeat(4_000_001)), 413, 'body-too-large'],
      [request('{"type":"a","time":"now"}'), 422, 'events-rejected'],
      [request(body, { path: '/v2/events' }), 404, 'not-found'],
      [request(body, { method: 'PUT' }), 405, 'method-not-allowed'],
    ];
    for (const [event, status, code] of refusals) {
      const { statusCode, headers, body: text } = await handle(event);
      const { type } = JSON.parse(text) as { type: string };
      expect([statusCode, type]).toEqual([status, `urn:millrace:problem:${code}`]);
      expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    }
    expect((await handle({ Records: [] })).statusCode).toBe(400);
    expect((await handle(request('', { path: '/healthz', method: 'GET' }))).body).toBe('ok\n');
    expect(await storedIn(client)).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  it('answers 503 when Kinesis does not take them, so that they are sent again', async () => {
    const { handle, client } = await open();
    await handle(request(JSON.stringify(EVENT)));
    await client.send(new DeleteStreamCommand({ StreamName: STREAM }));
    const { statusCode, headers, body } = await handle(request(JSON.stringify({ ...EVENT, id: 'b' })));
    expect([statusCode, headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(body)).toMatchObject({ accepted: 0, rejected: [{ index: 0, id: 'b', retry: true }] });
  }, 30_000);

  it('lets in whom AWS let in, where it is told to, and nobody else', async () => {
    const { handle } = await open({ EVENT_STREAM: STREAM, EVENT_AUTH: 'iam' });
    const body = JSON.stringify(EVENT);
    expect((await handle(request(body, { iam: true }))).statusCode).toBe(202);
    expect((await handle(request(body))).statusCode).toBe(401);
    const { webhooks } = JSON.parse(ENV.EVENT_SETTINGS) as { webhooks: unknown };
    const webhooksOnly = await open({ ...ENV, EVENT_SETTINGS: JSON.stringify({ webhooks }) });
    expect((await webhooksOnly.handle(request(body))).statusCode).toBe(401);
  });
});

describe('the environment of the producer', () => {
  it.each([
    [
      {},
      [
        'EVENT_STREAM: is missing',
        'EVENT_SETTINGS: names neither keys nor webhooks, and anybody could send events',
      ],
    ],
    [{ ...ENV, EVENT_STREAM: 'a/b' }, ['EVENT_STREAM: is not the name of a stream']],
    [{ ...ENV, EVENT_SETTINGS: '{"keys":"s3cret' }, ['EVENT_SETTINGS: is not JSON']],
    [{ ...ENV, EVENT_SETTINGS: '{"keys":{"web":"s3cret"}}' }, ['EVENT_SETTINGS: ', 'keys.web']],
    [{ ...ENV, WEB_KEY: '' }, ['keys.web: the environment variable WEB_KEY is not set']],
    [
      { ...ENV, EVENT_AUTH: 'iam' },
      ["EVENT_SETTINGS: has keys, which have no meaning beside EVENT_AUTH 'iam'"],
    ],
    [{ ...ENV, EVENT_AUTH: 'none' }, ["EVENT_AUTH: is neither 'keys' nor 'iam'"]],
  ] as const)('%j', (env, sentences) => {
    const thrown = (() => {
      try {
        composeProducer(env);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toBeInstanceOf(ConfigError);
    for (const sentence of sentences) expect((thrown as ConfigError).message).toContain(sentence);
    expect((thrown as ConfigError).message).not.toContain('s3cret');
  });
});
