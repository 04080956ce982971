import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type BatchWriteItemCommandInput,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { freshLane, type LoadFile, loadFileOf } from '@millrace/core';
import { trackerContract } from '@millrace/testkit';
import { clientConfigOf, EmulatedDynamoDb } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTrackerTable } from './create-tracker-table.ts';
import { DynamoDbTracker } from './dynamodb-tracker.ts';
import { asideItem, FileKeys, waitingItem } from './file-item.ts';
import { type Item, keyOf, lanesPartition } from './table-layout.ts';

const TABLE = 'tracker';
const TARGET = 'public.flights';

let dynamoDb: EmulatedDynamoDb;
let opened = 0;

beforeAll(async () => {
  dynamoDb = await EmulatedDynamoDb.start();
  await createTrackerTable(dynamoDb.client(), TABLE);
});

afterAll(() => dynamoDb.close());

function newDatabase(): string {
  opened += 1;
  return `case${opened}`;
}

trackerContract('DynamoDbTracker', async () => ({
  port: new DynamoDbTracker(dynamoDb.client(), { table: TABLE, database: newDatabase() }),
}));

function fileNamed(key: string, arrivedAt = 1_000): LoadFile {
  return loadFileOf({ bucket: 'lake', key, etag: 'e'.repeat(32), size: 123_456_789 }, arrivedAt);
}

/** Bytes of an item as DynamoDB counts them: names and values. */
function bytesOf(item: Item): number {
  const sizeOf = (value: Item[string]): number => {
    if (value.S !== undefined) return Buffer.byteLength(value.S);
    if (value.N !== undefined) return Math.ceil(value.N.replace(/\D/gu, '').length / 2) + 1;
    if (value.B !== undefined) return value.B.length;
    if (value.M !== undefined) return 3 + bytesOf(value.M) + Object.keys(value.M).length;
    return 1;
  };
  return Object.entries(item).reduce((sum, [name, value]) => sum + name.length + sizeOf(value), 0);
}

describe('items', () => {
  it('of lanes stay below 1 KB, in every state, whatever people were told', async () => {
    const database = 'analytics_production';
    const target = 'marketing_events.daily_campaign_impressions_by_region';
    const client = dynamoDb.client();
    const tracker = new DynamoDbTracker(client, { table: TABLE, database });
    const job = {
      id: '01JD0000000000000000000000',
      attempt: 1,
      fence: 123_456,
      files: 1_000,
      bytes: 123_456_789_012,
      documentUrl: `s3://company-datalake-production/millrace/jobs/${target}/01JD0000000000000000000000/1/job.json`,
      documentHash: 'ab'.repeat(32),
      submittedAt: 1_795_264_439_123,
    };
    const statement = {
      name: `${database}/${target}/${job.id}/1`,
      id: 'd9b6c0c9-0747-4bf4-b142-e8883122f766',
    };
    const long = `${'é'.repeat(3_000)}; grant SELECT on it`;
    const states = [
      { kind: 'running', job, statement, leaseUntil: 1_795_264_439_123 },
      {
        kind: 'held',
        code: 'permission-denied',
        reason: long,
        since: 1_795_264_439_123,
        until: 1_795_264_439_123,
      },
      { kind: 'paused', by: 'ops', why: long, since: 1_795_264_439_123 },
    ] as const;
    const counters = {
      fence: 123_456,
      failures: 7,
      loadMs: 8_123.5,
      loadedFiles: 12_345_678,
      loadedRows: 9_876_543_210,
    };
    for (const state of states) {
      await tracker.addArrivals(target, 1_000_000);
      const lane = { ...(await tracker.lane(target)), ...counters, state, notBeforeAt: 1_795_264_439_123 };
      expect(await tracker.putLane({ ...lane, suspects: 1_000, lastLoadedAt: 1_795_264_439_123 })).toBe(true);
      const Key = keyOf(lanesPartition(database), target);
      const { Item = {} } = await client.send(
        new GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }),
      );
      expect(bytesOf(Item)).toBeLessThanOrEqual(1_024);
    }
    const { state } = await tracker.lane(target);
    expect(state.kind === 'paused' && state.why).toMatch(/^é+ …\(6020 bytes\)… .*; grant SELECT on it$/u);
  });

  it('of waiting files stay below 1 KB for keys of 600 bytes, and keys of 1,024 bytes work', async () => {
    const keys = new FileKeys('analytics_production', TARGET);
    const file = { ...fileNamed('k'.repeat(600)), writtenAt: 1_795_264_439_123, versionId: 'v'.repeat(32) };
    expect(bytesOf(waitingItem(keys, file))).toBeLessThanOrEqual(1_024);
    const tracker = new DynamoDbTracker(dynamoDb.client(), { table: TABLE, database: newDatabase() });
    const longest = ['é'.repeat(512), `${'k'.repeat(1_023)}/`].map((key) => fileNamed(key));
    await tracker.addFiles(TARGET, longest);
    expect(
      (await tracker.waitingFiles(TARGET, 10)).map(({ file: { identity } }) => identity.key).sort(),
    ).toEqual(longest.map(({ identity }) => identity.key).sort());
  });

  it('keep the beginning and the end of evidence that is longer than people read', async () => {
    const tracker = new DynamoDbTracker(dynamoDb.client(), { table: TABLE, database: newDatabase() });
    const evidence = { code: '1207', reason: 'r'.repeat(300_000), rawValue: 'v'.repeat(300_000), at: 1 };
    await tracker.putAside(TARGET, [{ file: fileNamed('a'), status: 'quarantined', evidence }]);
    const [aside] = await tracker.troubledFiles();
    expect(aside?.evidence?.reason).toMatch(/^r+ …\(300000 bytes\)… r+$/u);
    expect(JSON.stringify(aside).length).toBeLessThan(10_000);
  });
});

describe('a crash between the two writes of a move', () => {
  const evidence = { code: '1207', reason: 'Invalid digit', at: 5 };

  it('leaves a file that waits, and is counted and shown as waiting only', async () => {
    const database = newDatabase();
    const client = dynamoDb.client();
    const tracker = new DynamoDbTracker(client, { table: TABLE, database });
    const file = fileNamed('a');
    await tracker.addArrivals(TARGET, 1);
    await tracker.addFiles(TARGET, [file]);
    const left = asideItem(new FileKeys(database, TARGET), { file, status: 'quarantined', evidence });
    await client.send(new PutItemCommand({ TableName: TABLE, Item: left }));
    expect(await tracker.counts(TARGET)).toMatchObject({ waiting: 1, quarantined: 0 });
    expect(await tracker.filesById(TARGET, [file.id])).toMatchObject([{ status: 'waiting' }]);
    expect(await tracker.troubledFiles()).toEqual([]);
    expect(await tracker.addFiles(TARGET, [file])).toEqual([]);
    expect(await tracker.redrive(TARGET, [file.id], 9)).toBe(0);
    await client.send(new PutItemCommand({ TableName: TABLE, Item: left }));
    await tracker.markLoaded(TARGET, [file]);
    expect(await tracker.filesById(TARGET, [file.id])).toEqual([]);
    expect(await tracker.counts(TARGET)).toMatchObject({ waiting: 0, quarantined: 0 });
  });
});

describe('what was loaded lately', () => {
  it('does not wait again, is not put aside, and costs a listing no write', async () => {
    const client = dynamoDb.client();
    const tracker = new DynamoDbTracker(client, { table: TABLE, database: newDatabase() });
    const files = Array.from({ length: 30 }, (_, index) => fileNamed(`in/${index}`));
    await tracker.addFiles(TARGET, files);
    await tracker.markLoaded(TARGET, files);
    await tracker.addFiles(TARGET, [...files.slice(0, 3), fileNamed('in/new')]);
    expect((await tracker.waitingFiles(TARGET, 2)).map(({ file }) => file.identity.key)).toEqual(['in/new']);
    expect(await tracker.counts(TARGET)).toMatchObject({ waiting: 1 });
    const evidence = { code: 'object-gone', reason: 'late', at: 5 };
    await tracker.putAside(
      TARGET,
      files.map((file) => ({ file, status: 'quarantined' as const, evidence })),
    );
    expect(await tracker.counts(TARGET)).toMatchObject({ quarantined: 0 });
    const writes: string[] = [];
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        (args) => {
          if (/Put|Update|Write|Delete/u.test(commandName)) writes.push(commandName);
          return next(args);
        },
      { step: 'initialize' },
    );
    await tracker.markLoaded(TARGET, files);
    expect(writes).toEqual([]);
  });

  it('reaches back 20 jobs, not one less', async () => {
    let clock = 1_000;
    const tracker = new DynamoDbTracker(dynamoDb.client(), {
      table: TABLE,
      database: newDatabase(),
      now: () => clock,
    });
    const files = Array.from({ length: 21 }, (_, index) => fileNamed(`in/${String(index).padStart(2, '0')}`));
    for (const file of files) {
      clock += 1;
      await tracker.addFiles(TARGET, [file]);
      await tracker.markLoaded(TARGET, [file]);
    }
    await tracker.addFiles(TARGET, files);
    expect((await tracker.waitingFiles(TARGET, 100)).map(({ file }) => file.id)).toEqual([files[0]?.id]);
  });
});

describe('a failure that is noted again and again', () => {
  it('is written once a minute', async () => {
    const tracker = new DynamoDbTracker(dynamoDb.client(), { table: TABLE, database: newDatabase() });
    const file = fileNamed('a');
    await tracker.addFiles(TARGET, [file]);
    const noted = async (at: number, reason = 'the cluster is paused'): Promise<number | undefined> => {
      await tracker.noteFailure(TARGET, [file.id], { code: 'warehouse-paused', reason, at });
      return (await tracker.waitingFiles(TARGET, 1))[0]?.evidence?.at;
    };
    expect(await noted(1_000)).toBe(1_000);
    expect(await noted(6_000)).toBe(1_000);
    expect(await noted(7_000, 'the cluster is resizing')).toBe(7_000);
    expect(await noted(67_000, 'the cluster is resizing')).toBe(67_000);
  });
});

describe('DynamoDB at its worst', () => {
  /** Lets DynamoDB do half of each batch and say so. */
  function leaveHalf(client: DynamoDBClient, { times }: { times: number }): void {
    let left = times;
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName !== 'BatchWriteItemCommand' || left === 0) return next(args);
          left -= 1;
          const input = args.input as BatchWriteItemCommandInput;
          const requests = input.RequestItems?.[TABLE] ?? [];
          const done = requests.slice(0, Math.floor(requests.length / 2));
          const undone = { [TABLE]: requests.slice(done.length) };
          if (done.length === 0)
            return { response: {}, output: { UnprocessedItems: undone, $metadata: {} } as never };
          const result = await next({
            ...args,
            input: { ...input, RequestItems: { [TABLE]: done } } as never,
          });
          Object.assign(result.output, { UnprocessedItems: undone });
          return result;
        },
      { step: 'initialize' },
    );
  }

  it('does a batch to its end that DynamoDB leaves half undone', async () => {
    const client = dynamoDb.client();
    const tracker = new DynamoDbTracker(client, { table: TABLE, database: newDatabase() });
    const files = Array.from({ length: 60 }, (_, index) => fileNamed(`in/${index}`));
    await tracker.addFiles(TARGET, files);
    leaveHalf(client, { times: 6 });
    await tracker.markLoaded(TARGET, files);
    expect(await tracker.counts(TARGET)).toMatchObject({ waiting: 0 });
  });

  it('gives a batch up, as something to be tried again, when it is left undone for seconds', async () => {
    const client = dynamoDb.client();
    const tracker = new DynamoDbTracker(client, { table: TABLE, database: newDatabase() });
    const files = [fileNamed('a')];
    await tracker.addFiles(TARGET, files);
    leaveHalf(client, { times: Number.POSITIVE_INFINITY });
    await expect(tracker.markLoaded(TARGET, files)).rejects.toMatchObject({
      code: 'tracker-throttled',
      class: 'transient',
    });
  });

  it('knows its own transition again when the reply to it was lost', async () => {
    const client = dynamoDb.client();
    const tracker = new DynamoDbTracker(client, { table: TABLE, database: newDatabase() });
    let isLost = true;
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        if (isLost) {
          isLost = false;
          throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
        }
        return result;
      },
      // Within the client's retries.
      { step: 'finalizeRequest', priority: 'low' },
    );
    const state = { kind: 'waiting', dueAt: 7 } as const;
    expect(await tracker.putLane({ ...freshLane(TARGET), state })).toBe(true);
    expect(await tracker.lane(TARGET)).toMatchObject({ version: 1, state });
    isLost = true;
    expect(await tracker.putLane({ ...freshLane(TARGET), fence: 9 })).toBe(false);
  });

  it.each([
    ['ResourceNotFoundException', 400, { code: 'tracker-missing', class: 'config' }],
    ['AccessDeniedException', 400, { code: 'tracker-denied', class: 'config' }],
    ['ProvisionedThroughputExceededException', 400, { code: 'tracker-throttled', class: 'transient' }],
    ['ThrottlingException', 400, { code: 'tracker-throttled', class: 'transient' }],
    ['RequestLimitExceeded', 400, { code: 'tracker-throttled', class: 'transient' }],
    ['InternalServerError', 500, { code: 'tracker-unavailable', class: 'transient' }],
    ['ServiceUnavailable', 503, { code: 'tracker-unavailable', class: 'transient' }],
    ['UnrecognizedClientException', 400, { code: 'aws-credentials', class: 'config' }],
    ['ExpiredTokenException', 400, { code: 'aws-credentials', class: 'config' }],
    ['ValidationException', 400, { code: 'tracker-refused', class: 'config' }],
  ])('takes %s for what it means', async (name, status, meaning) => {
    const server = createServer((request, reply) => {
      request.resume();
      const body = JSON.stringify({
        __type: `com.amazonaws.dynamodb.v20120810#${name}`,
        message: 'so it is',
      });
      reply.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
    });
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening);
    });
    const { port } = server.address() as AddressInfo;
    const client = new DynamoDBClient({ ...clientConfigOf(`http://127.0.0.1:${port}`), maxAttempts: 1 });
    const tracker = new DynamoDbTracker(client, { table: TABLE, database: 'dev' });
    for (const asked of [
      () => tracker.lane(TARGET),
      () => tracker.lanes(),
      () => tracker.addArrivals(TARGET, 1),
      () => tracker.addFiles(TARGET, [fileNamed('a')]),
      () => tracker.filesById(TARGET, [fileNamed('a').id]),
    ]) {
      await expect(asked()).rejects.toMatchObject({
        ...meaning,
        message: expect.stringContaining("table 'tracker'"),
      });
    }
    client.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('says that the table is not there, and what to do', async () => {
    const tracker = new DynamoDbTracker(dynamoDb.client(), { table: 'nowhere', database: 'dev' });
    await expect(tracker.lane(TARGET)).rejects.toMatchObject({
      code: 'tracker-missing',
      hint: expect.stringContaining('db_table'),
    });
  });

  it('refuses a database name that would make two partitions one', () => {
    for (const database of ['', 'a/b']) {
      expect(() => new DynamoDbTracker(dynamoDb.client(), { table: TABLE, database })).toThrow(
        /cannot name lanes/u,
      );
    }
  });
});

it('leaves a table alone that is there already', async () => {
  const client = dynamoDb.client();
  const tracker = new DynamoDbTracker(client, { table: TABLE, database: newDatabase() });
  await tracker.addArrivals(TARGET, 3);
  await createTrackerTable(client, TABLE);
  expect((await tracker.lane(TARGET)).arrivals).toBe(3);
});
