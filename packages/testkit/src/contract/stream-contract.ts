import type { PutResult, Stream, StreamRecord } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { Opened } from './opened.ts';

/** A stream, and how its shards are made others. */
export interface OpenedStream extends Opened<Stream> {
  /** Divides every open shard, or makes more of them; resolves when new records go to the new ones. */
  reshard?(): Promise<void>;
}

/** What every stream keeps. */
export function streamContract(name: string, open: () => Promise<OpenedStream>): void {
  const withStream = (body: (opened: OpenedStream) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await body(opened);
    } finally {
      await opened.close?.();
    }
  };

  describe(`${name} keeps the Stream contract`, () => {
    it(
      'gives back what it has stored, byte for byte',
      withStream(async ({ port }) => {
        const bytes = [new Uint8Array(0), Uint8Array.from([0, 255, 10, 13]), new Uint8Array(100_000).fill(7)];
        const keys = ['k', 'ключ', '鍵'];
        const entries = bytes.flatMap((data, n) =>
          keys.map((key) => ({ partitionKey: `${key}-${n}`, data })),
        );
        const results = await port.put(entries);
        expect(results.map(({ kind }) => kind)).toEqual(entries.map(() => 'stored'));
        const read = await readAll(port);
        expect(read.map(fingerprint).sort()).toEqual(entries.map(fingerprint).sort());
      }),
    );

    it(
      'keeps the order of a key, over many calls at once',
      withStream(async ({ port }) => {
        const puts: Promise<readonly PutResult[]>[] = [];
        for (let call = 0; call < 30; call += 1) {
          puts.push(
            port.put(['a', 'b', 'c'].flatMap((key) => [0, 1].map((n) => entry(key, `${call * 2 + n}`)))),
          );
        }
        await Promise.all(puts);
        for (const key of ['a', 'b', 'c']) {
          const own = (await readAll(port)).filter(({ partitionKey }) => partitionKey === key);
          expect(own.map(textOf)).toEqual(Array.from({ length: 60 }, (_, n) => String(n)));
        }
      }),
    );

    it(
      'has positions that grow, and reads on behind any of them',
      withStream(async ({ port }) => {
        for (let n = 0; n < 25; n += 1) await port.put([entry('key', String(n))]);
        const { shard, records } = await shardOf(port, 'key');
        const positions = records.map(({ position }) => position);
        expect(positions).toEqual([...new Set(positions)].sort());
        for (const at of [0, 7, 23, 24]) {
          const rest = await readShard(port, shard, positions[at] ?? null);
          expect(rest.map(textOf)).toEqual(records.slice(at + 1).map(textOf));
        }
      }),
    );

    it(
      'pages by about as many records as are asked for',
      withStream(async ({ port }) => {
        await port.put(Array.from({ length: 20 }, (_, n) => entry('key', String(n))));
        const { shard } = await shardOf(port, 'key');
        const first = await port.read(shard, { after: null, maxRecords: 5 });
        expect(first.records.map(textOf)).toEqual(['0', '1', '2', '3', '4']);
        expect(first.millisBehindLatest).toBeGreaterThan(0);
        expect(first).toMatchObject({ isEnd: false, isGap: false });
        const rest = await readShard(port, shard, first.records.at(-1)?.position ?? null);
        expect(rest).toHaveLength(15);
      }),
    );

    it(
      'is empty, and not at its end, where nothing more is',
      withStream(async ({ port }) => {
        await port.put([entry('key', 'only')]);
        const { shard, records } = await shardOf(port, 'key');
        const page = await port.read(shard, { after: records[0]?.position ?? null });
        expect(page).toMatchObject({ records: [], isEnd: false, isGap: false, millisBehindLatest: 0 });
        await port.put([entry('key', 'late')]);
        const rest = await readShard(port, shard, records[0]?.position ?? null);
        expect(rest.map(textOf)).toEqual(['late']);
      }),
    );

    it(
      'refuses a shard that it does not know',
      withStream(async ({ port }) => {
        await expect(port.read('no-such-shard', { after: null })).rejects.toMatchObject({
          code: 'shard-missing',
        });
      }),
    );

    it(
      'tells parents, and the end of shards that are closed',
      withStream(async ({ port, reshard }) => {
        if (reshard === undefined) return;
        await port.put([entry('key', 'before')]);
        const { shard: parent, records } = await shardOf(port, 'key');
        await reshard();
        await port.put([entry('key', 'after')]);
        const last = await readToEnd(port, parent, records[0]?.position ?? null);
        expect(last).toEqual([]);
        const shards = await port.shards();
        const children = shards.filter(({ parents }) => parents.includes(parent));
        expect(children.length).toBeGreaterThan(0);
        const read = await Promise.all(children.map(({ id }) => readShard(port, id, null)));
        expect(read.flat().map(textOf)).toContain('after');
      }),
    );
  });
}

function entry(partitionKey: string, text: string) {
  return { partitionKey, data: new TextEncoder().encode(text) };
}

function textOf({ data }: Pick<StreamRecord, 'data'>): string {
  return new TextDecoder().decode(data);
}

function fingerprint({ partitionKey, data }: Pick<StreamRecord, 'partitionKey' | 'data'>): string {
  return `${partitionKey} ${Buffer.from(data).toString('base64')}`;
}

/** Empty pages in a row after which nothing more is expected: a stream over the network may give some in between. */
const EMPTY_PAGES = 3;
const MAX_PAGES = 2_000;

async function readShard(stream: Stream, shard: string, after: string | null): Promise<StreamRecord[]> {
  const read: StreamRecord[] = [];
  let from = after;
  for (let empty = 0, pages = 0; empty < EMPTY_PAGES && pages < MAX_PAGES; pages += 1) {
    const page = await stream.read(shard, { after: from });
    read.push(...page.records);
    from = page.records.at(-1)?.position ?? from;
    empty = page.records.length === 0 ? empty + 1 : 0;
    if (page.isEnd) break;
  }
  return read;
}

/** The records up to the end of a closed shard, which has to come. */
async function readToEnd(stream: Stream, shard: string, after: string | null): Promise<StreamRecord[]> {
  const read: StreamRecord[] = [];
  let from = after;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await stream.read(shard, { after: from });
    read.push(...page.records);
    if (page.isEnd) return read;
    from = page.records.at(-1)?.position ?? from;
  }
  throw new Error(`shard ${shard} has no end`);
}

async function readAll(stream: Stream): Promise<StreamRecord[]> {
  const shards = await stream.shards();
  const read = await Promise.all(shards.map(({ id }) => readShard(stream, id, null)));
  return read.flat();
}

/** The shard that has a key's records, and these. */
async function shardOf(stream: Stream, key: string) {
  for (const { id } of await stream.shards()) {
    const records = (await readShard(stream, id, null)).filter(({ partitionKey }) => partitionKey === key);
    if (records.length > 0) return { shard: id, records };
  }
  throw new Error(`no shard has records of ${key}`);
}
