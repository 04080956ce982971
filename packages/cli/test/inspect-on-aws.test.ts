import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutBucketNotificationConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { createTrackerTable } from '@millrace/aws/dynamodb';
import type { CheckResult, TraceReport } from '@millrace/core';
import { EmulatedDynamoDb, EmulatedS3AndSqs, S3Front } from '@millrace/testkit/aws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningRedshift, startRedshift } from '../src/redshift/index.ts';
import { cleanUp, newFolder, readMillrace, runMillrace } from './run-millrace.ts';

/** What people ask, against S3, SQS, DynamoDB and the Data API, each of them a server of its own. */

const aws = await EmulatedS3AndSqs.start();
const dynamo = await EmulatedDynamoDb.start();
let front: S3Front;
let warehouse: RunningRedshift;
let folder = '';
let queue = '';

beforeAll(async () => {
  aws.createBucket('lake');
  queue = aws.createQueue('files');
  front = await S3Front.start({ upstream: aws.url });
  await createTrackerTable(dynamo.client(), 'lanes');
  warehouse = await startRedshift({ objects: { s3Endpoint: front.url } });
  folder = await newFolder();
  await mkdir(join(folder, 'migrations'));
  await writeFile(
    join(folder, 'migrations', '0001_people.sql'),
    'CREATE TABLE people (id INTEGER, name VARCHAR(5));\n',
  );
  const config = {
    objects: { kind: 's3', endpoint: front.url, notifications: queue },
    warehouse: { kind: 'redshift', workgroup: 'one', database: 'dev', endpoint: warehouse.url },
    tracker: { kind: 'dynamodb', table: 'lanes', endpoint: dynamo.url },
    control: 's3://lake/own/',
    sweep: '1s',
    targets: {
      people: { mode: 'append', from: 's3://lake/people/', format: { kind: 'csv' }, freshness: '1s' },
    },
  };
  await writeFile(join(folder, 'millrace.config.json'), JSON.stringify(config));
}, 60_000);

afterAll(async () => {
  await cleanUp();
  await warehouse.close();
  await front.close();
  await aws.close();
  await dynamo.close();
});

const read = <T>(...args: string[]) => readMillrace<T>(args, { cwd: folder });

async function doctor(...args: string[]): Promise<ReadonlyMap<string, CheckResult>> {
  const { stdout } = await runMillrace(['doctor', '--json', ...args], { cwd: folder });
  return new Map((JSON.parse(stdout) as CheckResult[]).map((result) => [result.check, result]));
}

it('doctor follows a file from the bucket to the queue, and runs its probes over the Data API', async () => {
  const before = await doctor();
  expect(before.get('notifications s3://lake/people/')).toMatchObject({ status: 'fail' });
  expect(before.get('queue files visibility')).toMatchObject({
    status: 'fail',
    fix: expect.stringContaining('720 s at least'),
  });
  expect(before.get('table public.people')).toMatchObject({ status: 'warn' });

  const sqs = aws.sqs();
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['QueueArn'] }),
  );
  await sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: { VisibilityTimeout: '720' } }),
  );
  await aws.s3(front.url).send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: 'lake',
      NotificationConfiguration: {
        QueueConfigurations: [{ QueueArn: Attributes?.QueueArn, Events: ['s3:ObjectCreated:*'] }],
      },
    }),
  );
  expect(await runMillrace(['migrate'], { cwd: folder })).toMatchObject({ code: 0 });
  const after = await doctor('--live');
  for (const check of [
    'notifications s3://lake/people/',
    'queue files visibility',
    'table public.people',
    'role',
    'clock',
    'live guard',
    'live wording',
    'live copy',
    'live temporary tables',
    'live row count',
  ]) {
    expect(after.get(check), check).toMatchObject({ status: 'pass' });
  }
  expect([...after.values()].filter(({ status }) => status === 'fail')).toEqual([]);
  const left = await warehouse.query(
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE '%doctor%'",
  );
  expect(left).toMatchObject({ rows: [[0]] });
}, 90_000);

it('trace tells a file from its arrival to its rows, and the Data API of its statement', async () => {
  const url = 's3://lake/people/a.csv';
  const client = aws.s3(front.url);
  await client.send(new PutObjectCommand({ Bucket: 'lake', Key: 'people/a.csv', Body: '1,Ann\n2,Bob\n' }));
  expect(await read<TraceReport>('trace', url)).toMatchObject({ files: [{ state: 'unseen' }] });
  expect(await runMillrace(['up', '--until-idle'], { cwd: folder })).toMatchObject({ code: 0 });
  const loaded = await read<TraceReport>('trace', url);
  expect(loaded.files).toMatchObject([
    {
      target: 'public.people',
      state: 'loaded',
      isCurrent: true,
      job: { state: 'loaded', rows: 2, files: 1 },
    },
  ]);
  expect(loaded.files[0]?.job?.statementId).toMatch(/^[0-9a-f-]{36}$/u);
  expect(loaded.files[0]?.job?.sql?.join('\n')).toContain('COPY "public"."people"');

  await client.send(
    new PutObjectCommand({ Bucket: 'lake', Key: 'people/a.csv', Body: '1,Ann\n3,Christopher\n' }),
  );
  expect(await runMillrace(['up', '--until-idle'], { cwd: folder })).toMatchObject({ code: 0 });
  const rewritten = await read<TraceReport>('trace', url);
  expect(rewritten.files.map(({ state }) => state)).toEqual(['quarantined', 'loaded']);
}, 90_000);
