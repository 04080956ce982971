import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { SealedChunk } from '@millrace/core';
import { sealsContract } from '@millrace/testkit';
import { EmulatedDynamoDb } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTrackerTable } from './create-tracker-table.ts';
import { DynamoDbSeals } from './dynamodb-seals.ts';

const TABLE = 'tracker';
const STREAM = 'events';

let dynamoDb: EmulatedDynamoDb;
let opened = 0;

beforeAll(async () => {
  dynamoDb = await EmulatedDynamoDb.start();
  await createTrackerTable(dynamoDb.client(), TABLE);
});

afterAll(() => dynamoDb.close());

function newSeals(): { seals: DynamoDbSeals; database: string } {
  opened += 1;
  const database = `case${opened}`;
  return { seals: new DynamoDbSeals(dynamoDb.client(), { table: TABLE, database }), database };
}

sealsContract('DynamoDbSeals', async () => ({ port: newSeals().seals }));

function chunkNamed(name: string): SealedChunk {
  return {
    bucket: 'lake',
    key: `millrace/loads/marketing.${'x'.repeat(80)}/0123456789abcdef/${name}.csv.zst`,
    etag: 'e'.repeat(32),
    size: 123_456,
    writtenAt: 1_790_000_000_000,
    arrivedAt: 1_790_000_000_000,
    rows: 1_000,
  };
}

function chunksNamed(name: string, count: number): SealedChunk[] {
  return Array.from({ length: count }, (_, n) => chunkNamed(`${name}-${n}`));
}

/** What is kept of a stream, by sort key, and how large each item is. */
async function itemsOf(database: string): Promise<ReadonlyMap<string, number>> {
  const { Items = [] } = await dynamoDb.client().send(new ScanCommand({ TableName: TABLE }));
  const own = Items.filter(({ db_table: partition }) => partition?.S?.startsWith(`${database}/`));
  return new Map(own.map((item) => [item.status_timestamp?.S ?? '', JSON.stringify(item).length]));
}

describe('flushes that an item cannot hold', () => {
  it('are written apart, registered by one update, announced in parts, and gone then', async () => {
    const { seals, database } = newSeals();
    const chunks = chunksNamed('large', 2_500);
    expect(await seals.move(STREAM, { shard: 'a', from: null, to: '5', chunks })).toBe(true);
    expect((await seals.seal(STREAM, 'a')).chunks).toEqual(chunks);
    expect((await itemsOf(database)).get('seal#a')).toBeLessThan(1_024);
    const keys = chunks.map(({ key }) => key);
    const half = keys.filter((_, n) => n % 2 === 0);
    await seals.markAnnounced(STREAM, 'a', half);
    const [left] = await seals.unannounced(STREAM);
    expect(left?.chunks.map(({ key }) => key)).toEqual(keys.filter((_, n) => n % 2 === 1));
    await seals.markAnnounced(STREAM, 'a', keys);
    expect(await seals.unannounced(STREAM)).toEqual([]);
    expect([...(await itemsOf(database)).keys()]).toEqual(['seal#a']);
  });

  it('mean nothing and are removed when somebody else moved the seal', async () => {
    const { seals, database } = newSeals();
    const attempts = [1, 2, 3].map((n) =>
      seals.move(STREAM, { shard: 'a', from: null, to: String(n), chunks: chunksNamed(`by${n}`, 100) }),
    );
    const moved = await Promise.all(attempts);
    expect(moved.filter(Boolean)).toHaveLength(1);
    const winner = moved.indexOf(true) + 1;
    expect((await seals.seal(STREAM, 'a')).chunks).toEqual(chunksNamed(`by${winner}`, 100));
    const lots = [...(await itemsOf(database)).keys()].filter((key) => key.startsWith('lot#'));
    expect(lots).toHaveLength(Math.ceil(100 / 16));
  });
});

describe('a seal that nobody announces', () => {
  it('stays small over many flushes, and keeps them in their order', async () => {
    const { seals, database } = newSeals();
    const all: SealedChunk[] = [];
    let from: string | null = null;
    for (let n = 1; n <= 60; n += 1) {
      const chunks = chunksNamed(`flush-${n}`, 10);
      const to = String(n).padStart(4, '0');
      expect(await seals.move(STREAM, { shard: 'a', from, to, chunks })).toBe(true);
      from = to;
      all.push(...chunks);
    }
    expect((await itemsOf(database)).get('seal#a')).toBeLessThan(80 * 1_024);
    const [seal] = await seals.unannounced(STREAM);
    expect(seal?.chunks).toEqual(all);
  });
});

describe('announcing', () => {
  it('by many at once takes every chunk out, and none besides', async () => {
    const { seals, database } = newSeals();
    for (const [shard, count] of [
      ['inline', 12],
      ['apart', 60],
    ] as const) {
      const chunks = chunksNamed(shard, count);
      await seals.move(STREAM, { shard, from: null, to: '1', chunks });
      const [kept, ...announced] = chunks.map(({ key }) => key);
      await Promise.all(announced.map((key) => seals.markAnnounced(STREAM, shard, [key])));
      expect((await seals.seal(STREAM, shard)).chunks.map(({ key }) => key)).toEqual([kept]);
      await seals.markAnnounced(STREAM, shard, [kept ?? '']);
    }
    expect([...(await itemsOf(database)).keys()].sort()).toEqual(['seal#apart', 'seal#inline']);
  });
});

describe('a move whose answer was lost', () => {
  it('is found done when the client sends it again', async () => {
    const { database } = newSeals();
    const client = dynamoDb.client();
    // The first answer to the update never arrives; the client's own retry finds it written.
    let isLost = false;
    client.middlewareStack.add(
      (next) => async (args) => {
        const reply = await next(args);
        const { headers } = args.request as { headers: Readonly<Record<string, string>> };
        if (!isLost && headers['x-amz-target']?.endsWith('.UpdateItem')) {
          isLost = true;
          throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', name: 'TimeoutError' });
        }
        return reply;
      },
      { step: 'deserialize', priority: 'low' },
    );
    const seals = new DynamoDbSeals(client, { table: TABLE, database });
    const chunks = [chunkNamed('once')];
    expect(await seals.move(STREAM, { shard: 'a', from: null, to: '1', chunks })).toBe(true);
    expect(isLost).toBe(true);
    expect((await seals.seal(STREAM, 'a')).chunks).toEqual(chunks);
  });
});
