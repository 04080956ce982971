import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { EmulatedKinesis } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { recordsOf, STREAM } from './kinesis-records.ts';
import { queueDocument } from './seed-documents.ts';
import { Stage, TABLE, told } from './stage.ts';

const run = promisify(execFile);
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MAX_BYTES = 2 * 1024 * 1024;
const HANDLERS = [
  'bulk-loader',
  'deployment-step',
  'event-consumer',
  'event-producer',
  'lister',
  'microbatch-loader',
  'next-loader',
  'redshift-tasker',
  'sweeper',
];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-bundles-'));
  await run(process.execPath, [join(ROOT, 'scripts', 'bundle.mjs'), directory]);
});

afterAll(() => rm(directory, { recursive: true }));

/** Calls a bundle's handler in a process of its own, as Lambda's runtime does. */
async function invoke(handler: string, event: unknown, env: Record<string, string>): Promise<unknown> {
  const script = `
    const { handler } = await import(process.argv[1]);
    const context = { awsRequestId: 'one', getRemainingTimeInMillis: () => 120000 };
    console.log('answer ' + JSON.stringify(await handler(JSON.parse(process.argv[2]), context)));
    process.exit(0);`;
  const bundle = pathToFileURL(join(directory, handler, 'index.mjs')).href;
  const args = ['--input-type=module', '-e', script, '--', bundle, JSON.stringify(event)];
  // In a directory without packages: what is not in the bundle is not there.
  const { stdout } = await run(process.execPath, args, { cwd: directory, env });
  const line = stdout.split('\n').find((one) => one.startsWith('answer '));
  return JSON.parse(line?.slice('answer '.length) ?? 'null');
}

describe('the bundles', () => {
  it('are one file per handler, of at most 2 MiB', async () => {
    expect((await readdir(directory)).sort()).toEqual(HANDLERS);
    for (const handler of HANDLERS) {
      expect(await readdir(join(directory, handler))).toEqual(['index.mjs']);
      expect((await stat(join(directory, handler, 'index.mjs'))).size).toBeLessThanOrEqual(MAX_BYTES);
    }
  });

  it('load files, with nothing but themselves and environment variables', async () => {
    const tables = 'CREATE TABLE public.orders (id int, name varchar(50), changed_at timestamp)';
    const documents = { orders_queue: queueDocument({ table: 'public.orders', merges: false }) };
    const stage = await Stage.open({ tables, documents });
    const env = {
      ...stage.env,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_S3: stage.front.url,
      AWS_ENDPOINT_URL_SQS: stage.aws.url,
      AWS_ENDPOINT_URL_DYNAMODB: stage.dynamodb.url,
      AWS_ENDPOINT_URL_REDSHIFT_DATA: stage.server.url,
      AWS_ENDPOINT_URL_EVENTBRIDGE: stage.busUrl,
      S3_FORCE_PATH_STYLE: 'true',
      WAKE_QUEUE_URL: '',
    };
    const object = await stage.put('1.csv', '1,a,2026-11-21 00:00:00\n');
    expect(await invoke('microbatch-loader', told('orders_queue', [object]), env)).toEqual({
      batchItemFailures: [],
    });
    const container = stage.container();
    expect(await stage.lane(container, 'public.orders')).toMatchObject({ state: { kind: 'waiting' } });
    expect(await invoke('sweeper', {}, env)).toEqual({ swept: 1, settled: 0, broken: 0 });
    await stage.drain(container);
    expect(await stage.rows('SELECT id FROM public.orders')).toEqual([[1]]);
  });

  it('take events and make rows of them, likewise', async () => {
    const stage = await Stage.open({
      tables: 'CREATE TABLE public.views (id varchar(64), url varchar(200))',
      config: {
        warehouse: { kind: 'redshift', cluster: 'analytics', database: 'dev', dbUser: 'loader' },
        objects: { kind: 's3' },
        tracker: { kind: 'dynamodb', table: TABLE },
        control: 's3://control/millrace/',
        targets: { 'public.views': {} },
        stream: { kind: 'kinesis', name: STREAM },
        events: { 'page.viewed': [{ fact: 'public.views', columns: { id: '$.id', url: '$.data.url' } }] },
      },
    });
    const kinesis = await EmulatedKinesis.start();
    onTestFinished(() => kinesis.close());
    await kinesis.createStream(STREAM, 1);
    const aws = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_S3: stage.front.url,
      AWS_ENDPOINT_URL_DYNAMODB: stage.dynamodb.url,
      AWS_ENDPOINT_URL_REDSHIFT_DATA: stage.server.url,
      AWS_ENDPOINT_URL_EVENTBRIDGE: stage.busUrl,
      AWS_ENDPOINT_URL_KINESIS: kinesis.url,
      S3_FORCE_PATH_STYLE: 'true',
    };
    const request = {
      rawPath: '/v1/events',
      headers: { 'content-type': 'application/json' },
      requestContext: {
        http: { method: 'POST' },
        authorizer: { iam: { userArn: 'arn:aws:iam::1:user/app' } },
      },
      body: '[{"id":"a","type":"page.viewed","data":{"url":"/a"}},{"id":"b","type":"page.viewed","data":{}}]',
    };
    const producer = { ...aws, EVENT_STREAM: STREAM, EVENT_AUTH: 'iam' };
    // A client that did not hear the answer sends them again.
    for (let n = 0; n < 2; n += 1) {
      expect(await invoke('event-producer', request, producer)).toMatchObject({
        statusCode: 202,
        body: '{"accepted":2,"rejected":[]}',
      });
    }
    const batch = { Records: await recordsOf(kinesis.client()) };
    const consumer = { ...aws, MILLRACE_CONFIG: 's3://config/millrace.config.json' };
    expect(await invoke('event-consumer', batch, consumer)).toEqual({ batchItemFailures: [] });
    await stage.drain(stage.container());
    expect(await stage.rows('SELECT id, url FROM public.views ORDER BY id')).toEqual([
      ['a', '/a'],
      ['b', null],
    ]);
  });

  it('say what is wrong with their environment', async () => {
    await expect(invoke('next-loader', {}, {})).rejects.toThrow(/CONFIG_BUCKET: is missing/u);
  });
});
