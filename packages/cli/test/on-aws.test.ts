import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { createTrackerTable } from '@millrace/aws/dynamodb';
import type { StatusReport } from '@millrace/core';
import { EmulatedDynamoDb, EmulatedS3AndSqs, NotificationDeliverer, S3Front } from '@millrace/testkit/aws';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningRedshift, startRedshift } from '../src/redshift/index.ts';
import {
  cleanUp,
  newFolder,
  readMillrace,
  runMillrace,
  startMillrace,
  startUp,
  until,
} from './run-millrace.ts';

/** The commands against S3, SQS, DynamoDB and the Data API, each of them a server of its own. */

const aws = await EmulatedS3AndSqs.start();
const dynamo = await EmulatedDynamoDb.start();
let front: S3Front;
let deliverer: NotificationDeliverer;
const warehouses = new Map<string, RunningRedshift>();
let folder = '';
let round = 0;

beforeAll(async () => {
  aws.createBucket('lake');
  aws.createBucket('own');
});
afterAll(async () => {
  await aws.close();
  await dynamo.close();
});

beforeEach(async () => {
  round += 1;
  const notes = aws.createQueue(`notes-${round}`);
  const wakes = aws.createQueue(`wakes-${round}`);
  const sqs = aws.sqs();
  deliverer = new NotificationDeliverer(
    async (body) => {
      await sqs.send(new SendMessageCommand({ QueueUrl: notes, MessageBody: body }));
    },
    { seed: round, duplicates: 0.5, isShuffled: true, wrappings: ['plain', 'sns', 'eventbridge'] },
  );
  front = await S3Front.start({ upstream: aws.url, onObjectCreated: deliverer.take });
  for (const name of ['staging', 'production']) {
    await createTrackerTable(dynamo.client(), `${name}-${round}`);
    warehouses.set(name, await startRedshift({ objects: { s3Endpoint: front.url } }));
  }
  folder = await newFolder();
  await mkdir(join(folder, 'migrations'));
  await writeFile(
    join(folder, 'migrations', '0001_tables.sql'),
    'CREATE TABLE people (id INTEGER, name VARCHAR(5)); CREATE TABLE scores (id INTEGER, at TIMESTAMP, v INTEGER);\n',
  );
  const environment = (name: string) => ({
    warehouse: { kind: 'redshift', workgroup: name, database: 'dev', endpoint: warehouses.get(name)?.url },
    tracker: { kind: 'dynamodb', table: `${name}-${round}`, endpoint: dynamo.url },
    control: `s3://own/${round}/${name}/`,
  });
  await configure({
    objects: { kind: 's3', endpoint: front.url, notifications: notes },
    wakes: { kind: 'sqs', queue: wakes, endpoint: aws.url },
    environments: { staging: environment('staging'), production: environment('production') },
  });
});

afterEach(async () => {
  await cleanUp();
  for (const warehouse of warehouses.values()) await warehouse.close();
  warehouses.clear();
  await front.close();
});

async function configure(places: object): Promise<void> {
  const from = (name: string) => `s3://lake/${round}/${name}/`;
  const targets = {
    people: { mode: 'append', from: from('people'), format: { kind: 'csv' }, freshness: '1s' },
    scores: { mode: 'upsert', key: 'id', latestBy: 'at', from: from('scores'), format: { kind: 'csv' } },
  };
  await writeFile(join(folder, 'millrace.config.json'), JSON.stringify({ sweep: '1s', ...places, targets }));
}

async function write(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function put(key: string, body: string): Promise<void> {
  const client = aws.s3(front.url);
  await client.send(new PutObjectCommand({ Bucket: 'lake', Key: `${round}/${key}`, Body: body }));
}

async function peopleIn(name: string): Promise<unknown> {
  const result = await warehouses.get(name)?.query('SELECT id, name FROM people ORDER BY 1');
  return result?.kind === 'rows' ? result.rows : undefined;
}

const run = (...args: string[]) => runMillrace(args, { cwd: folder });

describe('the commands on AWS', { timeout: 90_000 }, () => {
  it('load, show, plan, mend and ask, in the environment that is named', async () => {
    expect(await run('migrate', '--env', 'staging')).toMatchObject({ code: 0 });
    const first = await write('first.csv', '1,Ann\n2,Bob\n');
    const loaded = await run('load', 'people', first, '--env', 'staging');
    expect(loaded).toMatchObject({ code: 0, stdout: 'public.people: 1 file loaded\n' });
    const again = await run('load', 'people', first, '--env', 'staging');
    expect(again.stdout).toBe('public.people: 0 files loaded, 1 had been loaded before\n');
    expect(await peopleIn('staging')).toEqual([
      [1, 'Ann'],
      [2, 'Bob'],
    ]);

    const bad = await run('load', 'people', await write('bad.csv', '3,Christopher\n'), '--env', 'staging');
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('quarantined: line 1, column name: String length exceeds DDL length');
    const failures = await readMillrace<{ url: string }[]>(['failures', '--env', 'staging'], { cwd: folder });
    expect(failures.map(({ url }) => url)).toEqual([`s3://lake/${round}/people/bad.csv`]);
    await warehouses.get('staging')?.query('ALTER TABLE people ALTER COLUMN name TYPE VARCHAR(20)');
    expect(await run('redrive', '--target', 'people', '--env', 'staging')).toMatchObject({
      code: 0,
      stdout: '1 file redriven\n',
    });
    expect(await run('up', '--until-idle', '--env', 'staging')).toMatchObject({ code: 0 });

    await put('dump/scores.csv', '1,2026-01-01 00:00:00,5\n');
    const spec = await write(
      'bulk.json',
      `{ "paths": [{ "s3_path": "s3://lake/${round}/dump/", "table": "scores",
           "options": { "merge_duplicate_pks": true, "merge_pk": "id", "merge_timestamp": "at" } },],
         "copy": { "options": "CSV" } }`,
    );
    expect(await run('bulk', spec, '--env', 'staging')).toMatchObject({ code: 0 });
    const { targets } = await readMillrace<StatusReport>(['status', '--env', 'staging'], { cwd: folder });
    expect(targets).toMatchObject({
      'public.people': { state: 'idle', loaded: 2, quarantined: 0, rows: 3 },
      'public.scores': { state: 'idle', loaded: 1, rows: 1 },
    });
    const plan = await run('plan', 'people', '--env', 'staging');
    expect(plan.stdout).toContain(`FROM 's3://own/${round}/staging/jobs/`);
    const grants = await run('grants', '--user', 'IAMR:loader', '--env', 'staging');
    expect(grants.stdout).toContain('GRANT SELECT, INSERT ON TABLE "public"."people" TO "IAMR:loader";');
    const asked = await run('query', 'SELECT COUNT(*) AS n FROM people', '--json', '--env', 'staging');
    expect(JSON.parse(asked.stdout)).toMatchObject([{ n: 3 }]);
    const copied = await run('backup', 'copy', '--env', 'staging');
    expect(copied.stderr).toContain('tracker and warehouse are not both on this machine');
  });

  it('pick an environment by name or by MILLRACE_ENV, and ask when nobody picked one', async () => {
    const unnamed = await run('status');
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toContain('pick one of staging, production with --env NAME or MILLRACE_ENV');
    expect((await run('status', '--env', 'prod')).stderr).toContain("has no 'prod'");
    const named = { cwd: folder, env: { MILLRACE_ENV: 'production' } };
    expect(await runMillrace(['migrate'], named)).toMatchObject({ code: 0 });
    const file = await write('a.csv', '7,Gil\n');
    expect(await runMillrace(['load', 'people', file], named)).toMatchObject({ code: 0 });
    expect(await peopleIn('production')).toEqual([[7, 'Gil']]);
    // The other environment has not even the table.
    expect((await run('plan', 'people', '--env', 'staging')).stderr).toContain('public.people');
  });

  it('name the tracker table that is missing, also when closing what is open fails for it too', async () => {
    const settings: unknown = JSON.parse(await readFile(join(folder, 'millrace.config.json'), 'utf8'));
    const tracker = { kind: 'dynamodb', table: 'nowhere', endpoint: dynamo.url };
    await writeFile(
      join(folder, 'millrace.config.json'),
      JSON.stringify({
        ...Object(settings),
        tracker,
        environments: {
          staging: {
            warehouse: {
              kind: 'redshift',
              workgroup: 'staging',
              database: 'dev',
              endpoint: 'http://127.0.0.1:9',
            },
          },
        },
      }),
    );
    const { code, stderr } = await run('status', '--env', 'staging');
    expect(code).toBe(1);
    expect(stderr).toContain("table 'nowhere'");
    expect(stderr).toContain('create the table (keys db_table and status_timestamp');
    expect(stderr).not.toContain('suppressed');
  });

  it('take notifications from a queue while up runs, however they are wrapped and repeated', async () => {
    const up = await startUp(folder, ['--env', 'staging']);
    for (let index = 0; index < 20; index += 1)
      await put(`people/file ${index}+ü.csv`, `${index},P${index}\n`);
    const { delivered } = await deliverer.deliver();
    expect(delivered).toBeGreaterThan(20);
    await until(async () => ((await peopleIn('staging')) as unknown[]).length === 20, {
      what: () => `20 rows; up said ${JSON.stringify(up.output())}`,
    });
    up.process.kill('SIGTERM');
    expect((await up.ended).code).toBe(0);
    expect((await peopleIn('staging')) as unknown[]).toHaveLength(20);
  });

  it('run any mix: S3, a tracker in a file and the Data API, as a container would', async () => {
    await configure({
      objects: { kind: 's3', endpoint: front.url },
      warehouse: {
        kind: 'redshift',
        cluster: 'one',
        database: 'dev',
        endpoint: warehouses.get('staging')?.url,
      },
      control: `s3://own/${round}/mix/`,
    });
    await put('people/a.csv', '1,Ann\n');
    await put('people/b.csv', '2,Bob\n');
    expect(await run('up', '--until-idle')).toMatchObject({ code: 0 });
    expect(await run('up', '--until-idle')).toMatchObject({ code: 0 });
    expect(await peopleIn('staging')).toEqual([
      [1, 'Ann'],
      [2, 'Bob'],
    ]);
  });

  it('wait out a maintenance that meets their start', async () => {
    const warehouse = warehouses.get('staging');
    warehouse?.faults.set({ maintenance: true });
    await put('people/a.csv', '1,Ann\n');
    const up = startMillrace(['up', '--until-idle', '--env', 'staging'], { cwd: folder });
    await until(() => up.output().stderr.includes('tried again'), {
      what: () => JSON.stringify(up.output()),
    });
    warehouse?.faults.clear();
    expect(await up.ended).toMatchObject({ code: 0 });
    expect(await peopleIn('staging')).toEqual([[1, 'Ann']]);
  });

  it('load as a database user who has the printed grants and nothing else', async () => {
    const admin = warehouses.get('staging');
    if (admin === undefined) throw new Error('staging is there');
    const places = (dbUser?: string) => ({
      objects: { kind: 's3', endpoint: front.url },
      warehouse: { kind: 'redshift', cluster: 'one', database: 'dev', endpoint: admin.url, dbUser },
      control: `s3://own/${round}/granted/`,
    });
    await configure(places());
    expect(await run('migrate')).toMatchObject({ code: 0 });
    await admin.query('CREATE USER loader PASSWORD DISABLE');
    const { statements } = await readMillrace<{ statements: string[] }>(['grants', '--user', 'loader'], {
      cwd: folder,
    });
    const people = await write('people.csv', '1,Ann\n');
    const scores = await write('scores.csv', '1,2026-01-01 00:00:00,5\n');

    await configure(places('loader'));
    const refused = await run('load', 'people', people);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('permission denied');

    for (const statement of statements) await admin.query(statement);
    expect(await run('load', 'people', people)).toMatchObject({ code: 0 });
    expect(await run('load', 'scores', scores)).toMatchObject({ code: 0 });
    const older = await write('older.csv', '1,2025-01-01 00:00:00,4\n2,2025-01-01 00:00:00,7\n');
    expect(await run('load', 'scores', older)).toMatchObject({ code: 0 });
    expect(await peopleIn('staging')).toEqual([[1, 'Ann']]);
    const result = await admin.query('SELECT id, v FROM scores ORDER BY id');
    expect(result).toMatchObject({
      rows: [
        [1, 5],
        [2, 7],
      ],
    });
    expect((await run('query', 'DELETE FROM people')).stderr).toContain('permission denied');
  });
});
