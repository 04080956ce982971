import { BatchWriteItemCommand, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { settle } from '@millrace/core';
import { EmulatedDynamoDb } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countUsage, LaneOnDynamoDb, TARGET } from './lane-on-dynamodb.ts';

let dynamoDb: EmulatedDynamoDb;
let databases = 0;

beforeAll(async () => {
  dynamoDb = await EmulatedDynamoDb.start();
});

afterAll(() => dynamoDb.close());

async function withLane(
  body: (lane: LaneOnDynamoDb, context: { client: DynamoDBClient; database: string }) => Promise<void>,
  target: Record<string, unknown> = {},
): Promise<void> {
  databases += 1;
  const client = dynamoDb.client();
  const database = `db${databases}`;
  const lane = await LaneOnDynamoDb.open(client, { table: 'tracker', database, target });
  try {
    await body(lane, { client, database });
  } finally {
    await lane.close();
  }
}

/** What a tracker has forgotten after many jobs. */
async function forgetLoaded(client: DynamoDBClient, database: string): Promise<void> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: 'tracker',
      KeyConditionExpression: 'db_table = :lane AND begins_with(status_timestamp, :loaded)',
      ExpressionAttributeValues: { ':lane': { S: `${database}/${TARGET}` }, ':loaded': { S: 'loaded#' } },
    }),
  );
  const requests = Items.map(({ db_table = { S: '' }, status_timestamp = { S: '' } }) => ({
    DeleteRequest: { Key: { db_table, status_timestamp } },
  }));
  await client.send(new BatchWriteItemCommand({ RequestItems: { tracker: requests } }));
}

/** Far above what a case takes on two idle cores: they are shared. */
const TIMEOUT_MS = 120_000;

describe('a lane whose tracker is DynamoDB', { timeout: TIMEOUT_MS }, () => {
  it('costs at most 2.2 write units and 0.2 reads per file at batches of 100, and 0.25 reads when they come by ten', async () => {
    for (const messages of [10, 100]) {
      await withLane(async (lane, { client }) => {
        const usage = countUsage(client);
        await lane.announce(await lane.put(100), messages);
        await lane.drain();
        expect(await lane.rows()).toEqual({ rows: 100, distinct: 100 });
        expect(usage.writeUnits / 100).toBeLessThanOrEqual(2.2);
        expect(usage.reads / 100).toBeLessThanOrEqual(messages === 100 ? 0.2 : 0.25);
      });
    }
  });

  it('drops a late notification of what it loaded lately, without a job', async () => {
    await withLane(async (lane) => {
      const objects = await lane.put(3);
      await lane.announce(objects);
      await lane.drain();
      await lane.announce(objects);
      expect(await lane.drain()).toEqual(['idle']);
      expect(await lane.tracker.counts(TARGET)).toMatchObject({ waiting: 0, quarantined: 0 });
      expect(await lane.rows()).toEqual({ rows: 3, distinct: 3 });
    });
  });

  it('is not wedged by a notification that comes when even the tracker has forgotten: the guard refuses it once', async () => {
    await withLane(async (lane, { client, database }) => {
      const objects = await lane.put(3);
      await lane.announce(objects);
      await lane.drain();
      await forgetLoaded(client, database);
      await lane.announce([...objects, ...(await lane.put(2, 3))]);
      expect(await lane.drain()).toEqual(['submitted', 'retrying', 'submitted', 'loaded', 'idle']);
      expect(await lane.tracker.counts(TARGET)).toMatchObject({ waiting: 0, quarantined: 0, superseded: 0 });
      expect(await lane.rows()).toEqual({ rows: 5, distinct: 5 });
      await lane.announce(objects);
      expect(await lane.drain()).toEqual(['idle']);
    });
  });

  it('does not put a loaded file aside that was moved away and is announced once more', async () => {
    await withLane(
      async (lane, { client, database }) => {
        const objects = await lane.put(3);
        await lane.announce(objects);
        await lane.drain();
        expect(await lane.loader.objects.head(objects[0] ?? { bucket: '', key: '' })).toBeUndefined();
        await forgetLoaded(client, database);
        await lane.announce(objects);
        await lane.drain();
        expect(await lane.tracker.counts(TARGET)).toMatchObject({
          waiting: 0,
          quarantined: 0,
          superseded: 0,
        });
        expect(await lane.rows()).toEqual({ rows: 3, distinct: 3 });
      },
      { after: 'move' },
    );
  });

  it('does not show a loaded version as superseded that was rewritten and is announced once more', async () => {
    await withLane(
      async (lane, { client, database }) => {
        const objects = await lane.put(1);
        await lane.announce(objects);
        await lane.drain();
        await forgetLoaded(client, database);
        const [{ bucket, key } = { bucket: '', key: '' }] = objects;
        await lane.loader.objects.write({ bucket, key }, '1000\n');
        await lane.announce(objects);
        await lane.drain();
        expect(await lane.tracker.counts(TARGET)).toMatchObject({
          waiting: 0,
          quarantined: 0,
          superseded: 0,
        });
        expect(await lane.rows()).toEqual({ rows: 2, distinct: 2 });
      },
      { onRewrite: 'reload' },
    );
  });

  it('replaces what was rewritten, also by the bytes that it had before', async () => {
    await withLane(
      async (lane, { client, database }) => {
        const objects = await lane.put(3);
        await lane.announce(objects);
        await lane.drain();
        const [first] = objects;
        if (first === undefined) throw new Error('the file is not there');
        const { bucket, key } = first;
        const rewritten = await lane.loader.objects.write({ bucket, key }, '1000\n1001\n');
        await lane.announce(rewritten === undefined ? [] : [rewritten]);
        await lane.drain();
        expect(await lane.rows()).toEqual({ rows: 4, distinct: 4 });
        // Late, to a tracker that has forgotten all of them.
        await forgetLoaded(client, database);
        await lane.announce(objects);
        await lane.drain();
        expect(await lane.rows()).toEqual({ rows: 4, distinct: 4 });
        await lane.announce(await lane.put(1));
        await lane.drain();
        expect(await lane.rows()).toEqual({ rows: 3, distinct: 3 });
        expect(await lane.tracker.counts(TARGET)).toMatchObject({ waiting: 0, quarantined: 0 });
      },
      { provenance: true, onRewrite: 'replace' },
    );
  });

  it.each(['before', 'after'])(
    'loads each file once, whatever request to the tracker its worker dies %s',
    async (when) => {
      const client = dynamoDb.client({ maxAttempts: 1 });
      databases += 1;
      const lane = await LaneOnDynamoDb.open(client, { table: 'tracker', database: `db${databases}` });
      let left = Number.POSITIVE_INFINITY;
      client.middlewareStack.add(
        (next) => async (args) => {
          left -= 1;
          const died = new Error('the worker died');
          if (left === 0 && when === 'before') throw died;
          const result = await next(args);
          if (left === 0) throw died;
          return result;
        },
        { step: 'initialize' },
      );
      let files = 0;
      for (let request = 1; left > 0; request += 1) {
        const objects = await lane.put(2, files);
        files += objects.length;
        left = request;
        const work = async (): Promise<void> => {
          await lane.announce(objects);
          await lane.drain();
        };
        await work().catch((error: unknown) => expect(String(error)).toContain('the worker died'));
        // The whole path is shorter than this by now: nothing died any more.
        if (left > 0) break;
        left = Number.POSITIVE_INFINITY;
        await settle(lane.loader, TARGET, { isAlone: true });
        await work();
        expect(await lane.rows()).toEqual({ rows: files, distinct: files });
        expect(await lane.tracker.counts(TARGET)).toMatchObject({
          waiting: 0,
          quarantined: 0,
          superseded: 0,
        });
      }
      expect(files).toBeGreaterThan(30);
      await lane.close();
    },
  );

  it('loads each file once while 200 notifications a second arrive', async () => {
    await withLane(async (lane) => {
      const objects = await lane.put(200);
      let isOver = false;
      const arriving = (async () => {
        const started = performance.now();
        await Promise.all(
          objects.map(async (object, index) => {
            await new Promise((done) => {
              setTimeout(done, index * 5);
            });
            await lane.announce([object, object]);
          }),
        );
        isOver = true;
        return performance.now() - started;
      })();
      let jobs = 0;
      while (!isOver) jobs += (await lane.drain()).filter((kind) => kind === 'loaded').length;
      await arriving;
      await lane.drain();
      expect(jobs).toBeGreaterThan(1);
      expect(await lane.rows()).toEqual({ rows: 200, distinct: 200 });
      expect(lane.events.filter(({ kind }) => kind === 'job-failed' || kind === 'lane-held')).toEqual([]);
    });
  });
});
