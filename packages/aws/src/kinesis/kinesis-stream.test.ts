import {
  type KinesisClient,
  MergeShardsCommand,
  PutRecordCommand,
  type PutRecordsInput,
  type PutRecordsOutput,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import type { PutResult, Stream, StreamEntry, StreamRecord, StreamShard } from '@millrace/core';
import { EmulatedKinesis } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KinesisStream } from './kinesis-stream.ts';
import type { KinesisWriterOptions, StoredRecord } from './kinesis-writer.ts';
import { KplAggregate } from './kpl-aggregate.ts';
import { readPosition } from './record-position.ts';

let kinesis: EmulatedKinesis;
let streams = 0;
beforeAll(async () => {
  kinesis = await EmulatedKinesis.start();
});
afterAll(() => kinesis.close());

async function openStream(
  options: Partial<KinesisWriterOptions> & { shards?: number; client?: KinesisClient } = {},
): Promise<{ stream: KinesisStream; client: KinesisClient; streamName: string }> {
  const { shards = 1, client = kinesis.client({ maxAttempts: 1 }), ...rest } = options;
  streams += 1;
  const streamName = `events-${streams}`;
  await kinesis.createStream(streamName, shards);
  return { stream: new KinesisStream(client, { streamName, maxWaitMs: 1, ...rest }), client, streamName };
}

const entryOf = (partitionKey: string, text: string): StreamEntry => ({
  partitionKey,
  data: Buffer.from(text),
});
const textOf = ({ data }: { data: Uint8Array }): string => Buffer.from(data).toString();
const kindsOf = (results: readonly PutResult[]): string[] =>
  results.map((result) => (result.kind === 'stored' ? 'stored' : result.error.code));

/** All that is kept of a shard, page by page. */
async function readShard(
  stream: Stream,
  shard: string,
  maxRecords?: number,
): Promise<readonly StreamRecord[]> {
  const records: StreamRecord[] = [];
  let after: string | null = null;
  for (let page = 0; page < 500; page += 1) {
    const read = await stream.read(shard, { after, ...(maxRecords === undefined ? {} : { maxRecords }) });
    records.push(...read.records);
    after = read.records.at(-1)?.position ?? after;
    if (read.isEnd || (read.records.length === 0 && read.millisBehindLatest === 0)) return records;
  }
  throw new Error(`shard ${shard} does not end`);
}

/** All records, those of parents before those of their children. */
async function readAll(stream: Stream): Promise<readonly StreamRecord[]> {
  const left = new Map((await stream.shards()).map((shard) => [shard.id, shard]));
  const records: StreamRecord[] = [];
  while (left.size > 0) {
    const next = [...left.values()].find(({ parents }) => !parents.some((parent) => left.has(parent)));
    const { id } = next as StreamShard;
    left.delete(id);
    records.push(...(await readShard(stream, id)));
  }
  return records;
}

function byKey(records: readonly { partitionKey: string; data: Uint8Array }[]): Record<string, string[]> {
  const texts: Record<string, string[]> = {};
  for (const record of records) {
    const list = texts[record.partitionKey] ?? [];
    texts[record.partitionKey] = list;
    list.push(textOf(record));
  }
  return texts;
}

/** Refuses records of requests before they reach Kinesis, as it does itself when a shard is at its limit. */
function refuseSome(
  client: KinesisClient,
  refuses: (request: number, record: number) => boolean,
): { requests: number } {
  const seen = { requests: 0 };
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== 'PutRecordsCommand') return next(args);
        seen.requests += 1;
        const request = seen.requests;
        const { Records = [], ...rest } = args.input as PutRecordsInput;
        const passed = Records.filter((_, at) => !refuses(request, at));
        const answer =
          passed.length === 0 ? undefined : await next({ ...args, input: { ...rest, Records: passed } });
        const taken = [...((answer?.output as PutRecordsOutput | undefined)?.Records ?? [])];
        const refused = {
          ErrorCode: 'ProvisionedThroughputExceededException',
          ErrorMessage: 'rate exceeded',
        };
        const all = Records.map((_, at) => (refuses(request, at) ? refused : (taken.shift() ?? refused)));
        return {
          response: answer?.response ?? {},
          output: { ...answer?.output, $metadata: {}, Records: all },
        };
      },
    { step: 'initialize' },
  );
  return seen;
}

describe('a Kinesis stream, over the wire,', () => {
  it('gives back what was put, each key in order', async () => {
    const stored: StoredRecord[] = [];
    const { stream } = await openStream({ shards: 3, onStored: (record) => stored.push(record) });
    const entries = Array.from({ length: 2_000 }, (_, at) => entryOf(`ключ-${at % 17}`, `event ${at}`));
    const calls = [entries.slice(0, 700), entries.slice(700, 701), entries.slice(701)];
    const results = (await Promise.all(calls.map((call) => stream.put(call)))).flat();
    expect(results.every(({ kind }) => kind === 'stored')).toBe(true);
    const records = await readAll(stream);
    expect(byKey(records)).toEqual(byKey(entries));
    expect(stored.length).toBeLessThan(30);
    expect(stored.reduce((sum, one) => sum + one.entries, 0)).toBe(2_000);
    // A result says where its entry is.
    const shardOfKey = new Map<string, string>();
    for (const [at, result] of results.entries()) {
      if (result.kind === 'stored') shardOfKey.set(entries[at]?.partitionKey ?? '', result.shard);
    }
    expect(new Set(shardOfKey.values()).size).toBe(3);
    for (const { id } of await stream.shards()) {
      for (const { partitionKey } of await readShard(stream, id))
        expect(shardOfKey.get(partitionKey)).toBe(id);
    }
    await stream.close();
  });

  it('takes empty records, records of 1 MiB and explicit hash keys', async () => {
    const { stream } = await openStream({ shards: 2 });
    const large = Buffer.alloc(1_048_576 - 5, 0x7a);
    const last = String(2n ** 128n - 1n);
    const results = await stream.put([
      entryOf('empty', ''),
      { partitionKey: 'large', data: large },
      { ...entryOf('first', 'low'), explicitHashKey: '0' },
      { ...entryOf('last', 'high'), explicitHashKey: last },
    ]);
    expect(kindsOf(results)).toEqual(['stored', 'stored', 'stored', 'stored']);
    const [low, high] = await stream.shards();
    const keysIn = async (shard: StreamShard | undefined): Promise<readonly string[]> =>
      (await readShard(stream, shard?.id ?? '')).map(({ partitionKey }) => partitionKey);
    expect(await keysIn(low)).toContain('first');
    expect(await keysIn(high)).toContain('last');
    const records = await readAll(stream);
    expect(records.find(({ partitionKey }) => partitionKey === 'empty')?.data).toHaveLength(0);
    const back = records.find(({ partitionKey }) => partitionKey === 'large');
    expect(Buffer.compare(Buffer.from(back?.data ?? []), large)).toBe(0);
    await stream.close();
  });

  it('keeps the order of each key while the stream refuses records here and there', async () => {
    const client = kinesis.client({ maxAttempts: 1 });
    const { stream } = await openStream({ shards: 4, client, maxAggregateCount: 5 });
    // A third of all records, and sometimes a whole request.
    const seen = refuseSome(
      client,
      (request, record) => (request * 7 + record * 3) % 3 === 0 || request % 11 === 0,
    );
    const entries = Array.from({ length: 300 }, (_, at) => entryOf(`key-${at % 9}`, String(at)));
    const puts: Promise<readonly PutResult[]>[] = [];
    for (let at = 0; at < entries.length; at += 30) puts.push(stream.put(entries.slice(at, at + 30)));
    const results = (await Promise.all(puts)).flat();
    expect(results.every(({ kind }) => kind === 'stored')).toBe(true);
    expect(byKey(await readAll(stream))).toEqual(byKey(entries));
    expect(seen.requests).toBeGreaterThan(20);
    await stream.close();
  });

  it('fills its records when much comes at once', async () => {
    const stored: StoredRecord[] = [];
    const { stream } = await openStream({ maxAggregateBytes: 10_000, onStored: (one) => stored.push(one) });
    const entries = Array.from({ length: 1_000 }, (_, at) => entryOf(`id-${at}`, `{"n":${at}}`));
    await Promise.all(entries.map((entry) => stream.put([entry])));
    expect(stored.slice(0, -1).every(({ bytes }) => bytes > 9_900 && bytes <= 10_000)).toBe(true);
    expect(stored.map(({ entries: count }) => count).reduce((a, b) => a + b)).toBe(1_000);
    await stream.close();
  });

  it('follows splits and merges: nothing is lost, and each key stays in order, parents first', async () => {
    const { stream, client, streamName } = await openStream({ shards: 2 });
    const entries: StreamEntry[] = [];
    const putMore = async (): Promise<void> => {
      const more = Array.from({ length: 200 }, (_, at) =>
        entryOf(`key-${at % 23}`, String(entries.length + at)),
      );
      entries.push(...more);
      expect(kindsOf(await stream.put(more)).filter((kind) => kind !== 'stored')).toEqual([]);
    };
    await putMore();
    const [first, second] = await stream.shards();
    const half = String(2n ** 126n);
    const ofStream = { StreamName: streamName };
    await client.send(
      new SplitShardCommand({ ...ofStream, ShardToSplit: first?.id, NewStartingHashKey: half }),
    );
    await putMore();
    await putMore();
    const split = (await stream.shards()).filter(({ parents }) => parents.includes(first?.id ?? ''));
    expect(split).toHaveLength(2);
    await client.send(
      new MergeShardsCommand({
        ...ofStream,
        ShardToMerge: split.at(-1)?.id,
        AdjacentShardToMerge: second?.id,
      }),
    );
    await putMore();
    const merged = (await stream.shards()).at(-1);
    expect(merged?.parents.toSorted()).toEqual([split.at(-1)?.id, second?.id].toSorted());
    const records = byKey(await readAll(stream));
    expect(Object.values(records).flat().length).toBeGreaterThan(entries.length);
    // An aggregate that met new shards is there twice, before its place at the soonest: what is left is the order.
    const once = Object.entries(records).map(([key, texts]) => [key, [...new Set(texts)].toSorted(byNumber)]);
    expect(Object.fromEntries(once)).toEqual(byKey(entries));
    for (const texts of Object.values(records)) {
      const last = texts.filter((text, at) => texts.lastIndexOf(text) === at);
      expect(last).toEqual(last.toSorted(byNumber));
    }
    expect((await stream.read(first?.id ?? '', { after: null })).records.length).toBeGreaterThan(0);
    await stream.close();
  });
});

describe('the writer of a Kinesis stream', () => {
  it('names what an entry has wrong, and sends no later one of its key', async () => {
    const { stream } = await openStream({});
    const results = await stream.put([
      entryOf('a', 'good'),
      { partitionKey: 'a', data: Buffer.alloc(1_048_576) },
      entryOf('a', 'behind'),
      entryOf('b', 'good'),
      entryOf('', 'no key'),
      entryOf('x'.repeat(257), 'long key'),
      { ...entryOf('c', 'far'), explicitHashKey: String(2n ** 128n) },
    ]);
    expect(kindsOf(results)).toEqual([
      'stored',
      'record-too-large',
      'stream-order',
      'stored',
      'partition-key',
      'partition-key',
      'explicit-hash-key',
    ]);
    expect((await readAll(stream)).map(textOf)).toEqual(['good', 'good']);
    await stream.close();
  });

  it('says that it is busy when more waits than it may hold, and goes on afterwards', async () => {
    const { stream } = await openStream({ maxBufferedBytes: 10_000, maxWaitMs: 20 });
    const some = Array.from({ length: 20 }, (_, at) => ({
      partitionKey: `k${at}`,
      data: Buffer.alloc(1_000),
    }));
    const kinds = kindsOf(await stream.put(some));
    expect(kinds.filter((kind) => kind === 'stored')).toHaveLength(8);
    expect(kinds.slice(8)).toEqual(Array<string>(12).fill('stream-busy'));
    expect(kindsOf(await stream.put(some.slice(0, 2)))).toEqual(['stored', 'stored']);
    await stream.close();
  });

  it('gives up in time what is refused for ever, with all of the key in that call, and nothing of others', async () => {
    const client = kinesis.client({ maxAttempts: 1 });
    const { stream } = await openStream({ client, maxAggregateCount: 2, giveUpAfterMs: 300 });
    let isShut = true;
    refuseSome(client, () => isShut);
    const refused = stream.put(['1', '2', '3', '4'].map((text) => entryOf('k', text)));
    expect(kindsOf(await refused)).toEqual([
      'aws-throttled',
      'aws-throttled',
      'stream-order',
      'stream-order',
    ]);
    isShut = false;
    expect(kindsOf(await stream.put([entryOf('k', '1'), entryOf('k', '2')]))).toEqual(['stored', 'stored']);
    expect((await readAll(stream)).map(textOf)).toEqual(['1', '2']);
    await stream.close();
  });

  it('says at once that there is no such stream, and later that there is', async () => {
    const streamName = 'made-later';
    const stream = new KinesisStream(kinesis.client({ maxAttempts: 1 }), { streamName, maxWaitMs: 1 });
    expect(kindsOf(await stream.put([entryOf('k', '1')]))).toEqual(['stream-missing']);
    await kinesis.createStream(streamName, 1);
    expect(kindsOf(await stream.put([entryOf('k', '1')]))).toEqual(['stored']);
    await stream.close();
  });

  it('tries again while nobody answers, and sends what waits when it is closed', async () => {
    const client = kinesis.client({ maxAttempts: 1 });
    let left = 3;
    client.middlewareStack.add(
      (next) => async (args) => {
        left -= 1;
        if (left >= 0) throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
        return next(args);
      },
      { step: 'initialize' },
    );
    const { stream } = await openStream({ client, maxWaitMs: 60_000 });
    const put = stream.put([entryOf('k', '1'), entryOf('l', '2')]);
    await stream.close();
    expect(kindsOf(await put)).toEqual(['stored', 'stored']);
    expect(left).toBeLessThan(0);
    expect(kindsOf(await stream.put([entryOf('k', 'late')]))).toEqual(['stream-busy']);
    expect(await stream.put([])).toEqual([]);
  });
});

describe('the reader of a Kinesis stream', () => {
  it('goes on within an aggregate, also as another reader', async () => {
    const { stream, client, streamName } = await openStream({});
    await stream.put(Array.from({ length: 10 }, (_, at) => entryOf(`k${at}`, String(at))));
    const [shard] = await stream.shards();
    const all = await readShard(stream, shard?.id ?? '');
    expect(all.map(({ position }) => position)).toEqual(all.map(({ position }) => position).toSorted());
    expect(new Set(all.map(({ position }) => readPosition(position)?.sequenceNumber)).size).toBe(1);
    const other = new KinesisStream(client, { streamName });
    for (const reader of [stream, other]) {
      const page = await reader.read(shard?.id ?? '', { after: all[3]?.position ?? null });
      expect(page.records.map(textOf)).toEqual(['4', '5', '6', '7', '8', '9']);
      expect(page).toMatchObject({ isEnd: false, isGap: false });
    }
    const none = await other.read(shard?.id ?? '', { after: all.at(-1)?.position ?? null });
    expect(none).toMatchObject({ records: [], isEnd: false, millisBehindLatest: 0 });
    await stream.close();
  });

  it('reads page by page, plain records, aggregates and corrupt ones alike', async () => {
    const { stream, client, streamName } = await openStream({});
    const aggregate = new KplAggregate({ maxBytes: 1_000 });
    for (const text of ['one', 'two']) aggregate.add(entryOf('packed', text));
    const packed = Buffer.from(aggregate.finish()?.data ?? []);
    const broken = Buffer.from(packed);
    broken[10] = (broken[10] ?? 0) ^ 0xff;
    for (const data of [Buffer.from('plain'), packed, broken]) {
      await client.send(new PutRecordCommand({ StreamName: streamName, PartitionKey: 'sent', Data: data }));
    }
    const [shard] = await stream.shards();
    const records = await readShard(stream, shard?.id ?? '', 1);
    expect(records.map(({ partitionKey }) => partitionKey)).toEqual(['sent', 'packed', 'packed', 'sent']);
    expect(records.slice(0, 3).map(textOf)).toEqual(['plain', 'one', 'two']);
    expect(Buffer.compare(Buffer.from(records[3]?.data ?? []), broken)).toBe(0);
    expect(Math.abs((records[0]?.arrivedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    await stream.close();
  });

  it('says what it does not know', async () => {
    const { stream } = await openStream({});
    await expect(stream.read('shardId-000000000099', { after: null })).rejects.toMatchObject({
      code: 'shard-missing',
    });
    await expect(stream.read('shardId-000000000000', { after: 'yesterday' })).rejects.toMatchObject({
      code: 'position',
    });
    const missing = new KinesisStream(kinesis.client({ maxAttempts: 1 }), { streamName: 'none' });
    await expect(missing.shards()).rejects.toMatchObject({ code: 'stream-missing' });
    await stream.close();
  });
});

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}
