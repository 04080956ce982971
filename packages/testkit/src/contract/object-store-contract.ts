import type { ObjectInfo, ObjectRef, ObjectStore } from '@millrace/core';
import { describe, expect, it as runCase } from 'vitest';
import type { Opened } from './opened.ts';

export interface OpenedObjectStore extends Opened<ObjectStore> {
  /** A bucket that is empty and may be written to. */
  readonly bucket: string;
  /** What `tag` wrote; the port itself has no reader of tags. */
  tagsOf?(at: ObjectRef): Promise<Readonly<Record<string, string>>>;
}

/**
 * Keys that have been mangled somewhere before: form encoding, percent decoding, normalisation, blanks.
 * The last two differ in the order of UTF-16 and of UTF-8.
 */
const HARD_KEYS = [
  'in/a b.csv',
  'in/a+b.csv',
  'in/a%20b.csv',
  'in/a%2Bb.csv',
  'in/%.csv',
  'in/quote\'d "twice".csv',
  'in/back\\slash.csv',
  'in/question?hash#.csv',
  'in/cafe\u0301.csv',
  'in/café.csv',
  'in/Zürich/日本 語.csv',
  'in/ leading and trailing ',
  'in/date=2026-11-21/part=1;a,b&c=@:$~!*().csv',
  'in/\uFF5E.csv',
  'in/\u{1F600}.csv',
] as const;

export interface ObjectStoreContractOptions {
  /**
   * Cases that cannot hold, by name, and why: for a store behind the adapter that lacks a part, as an emulator may.
   * An adapter for use has none.
   */
  readonly missing?: Readonly<Record<string, string>>;
}

/** What every object store keeps. An adapter is done when this is green. */
export function objectStoreContract(
  name: string,
  open: () => Promise<OpenedObjectStore>,
  { missing = {} }: ObjectStoreContractOptions = {},
): void {
  const excused = new Map(Object.entries(missing));
  const it = (what: string, body: () => Promise<void>, timeout?: number): void => {
    const reason = excused.get(what);
    excused.delete(what);
    if (reason === undefined) runCase(what, body, timeout);
    else runCase.skip(`${what} (${reason})`);
  };
  const withStore =
    (body: (opened: OpenedObjectStore & { store: ObjectStore }) => Promise<void>) => async () => {
      const opened = await open();
      try {
        await body(Object.assign(opened, { store: opened.port }));
      } finally {
        await opened.close?.();
      }
    };

  describe(`${name} keeps the ObjectStore contract`, () => {
    describe('head, read and write', () => {
      it(
        'has no object before it is written',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          expect(await store.head(at)).toBeUndefined();
          await expect(store.read(at)).rejects.toMatchObject({ code: 'object-gone' });
        }),
      );

      it(
        'tells the same of an object on writing, by head and by listing',
        withStore(async ({ store, bucket }) => {
          const before = Date.now();
          const written = await store.write({ bucket, key: 'in/a.csv' }, '1,é\n');
          expect(written).toMatchObject({ bucket, key: 'in/a.csv', size: 5 });
          expect(written?.etag).toMatch(/^[^"]+$/u);
          // A minute either way: the store's clock is not this machine's.
          expect(Math.abs((written?.lastModifiedAt ?? 0) - before)).toBeLessThan(60_000);
          const head = await store.head({ bucket, key: 'in/a.csv' });
          const [listed] = await listAll(store, { bucket, prefix: '' });
          expect(factsOf(head)).toEqual(factsOf(written));
          expect(factsOf(listed)).toEqual(factsOf(written));
        }),
      );

      it(
        'returns the bytes as they were written, from text, bytes and chunks',
        withStore(async ({ store, bucket }) => {
          const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256);
          await store.write({ bucket, key: 'text' }, 'naïve\r\n');
          await store.write({ bucket, key: 'bytes' }, bytes);
          await store.write({ bucket, key: 'chunks' }, chunked(bytes, 70_001));
          await store.write({ bucket, key: 'empty' }, '');
          expect(await readAll(store, { bucket, key: 'text' })).toEqual(Buffer.from('naïve\r\n'));
          expect(Buffer.from(bytes).equals(await readAll(store, { bucket, key: 'bytes' }))).toBe(true);
          expect(Buffer.from(bytes).equals(await readAll(store, { bucket, key: 'chunks' }))).toBe(true);
          expect((await readAll(store, { bucket, key: 'empty' })).length).toBe(0);
          expect((await store.head({ bucket, key: 'empty' }))?.size).toBe(0);
        }),
      );

      it(
        'replaces an object as a whole and gives other bytes another ETag',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          const first = await store.write(at, 'a longer first version');
          const second = await store.write(at, 'second');
          expect(second?.etag).not.toBe(first?.etag);
          expect((await readAll(store, at)).toString()).toBe('second');
          expect((await store.head(at))?.size).toBe(6);
        }),
      );

      it(
        'gives the same bytes under the same key the same ETag',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          const first = await store.write(at, 'same');
          expect((await store.write(at, 'same'))?.etag).toBe(first?.etag);
        }),
      );

      it(
        'shows a reader who overlaps with writers the old bytes or the new ones, never a mixture',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          const versions = ['a', 'b', 'c'].map((letter) => letter.repeat(200_000));
          await store.write(at, versions[0] ?? '');
          const writes = versions.map((version) => store.write(at, version));
          const reads = Array.from({ length: 8 }, async () => (await readAll(store, at)).toString());
          for (const text of await Promise.all(reads)) expect(versions.includes(text)).toBe(true);
          await Promise.all(writes);
        }),
      );

      it(
        'takes no part in what the caller does with its buffers later',
        withStore(async ({ store, bucket }) => {
          const body = Buffer.from('mine');
          await store.write({ bucket, key: 'a' }, body);
          body.fill('x');
          const read = await readAll(store, { bucket, key: 'a' });
          read.fill('y');
          expect((await readAll(store, { bucket, key: 'a' })).toString()).toBe('mine');
        }),
      );

      it(
        'takes a body from a source that fills the same buffer again for each chunk',
        withStore(async ({ store, bucket }) => {
          async function* reusing(): AsyncIterable<Uint8Array> {
            const buffer = Buffer.alloc(3);
            for (const text of ['one', 'two', 'six']) {
              buffer.write(text);
              yield buffer;
            }
          }
          await store.write({ bucket, key: 'a' }, reusing());
          expect((await readAll(store, { bucket, key: 'a' })).toString()).toBe('onetwosix');
        }),
      );

      it(
        'leaves no object behind when the body fails half way',
        withStore(async ({ store, bucket }) => {
          async function* failing(): AsyncIterable<Uint8Array> {
            yield Buffer.from('half');
            throw new Error('the source broke');
          }
          const at = { bucket, key: 'in/a.csv' };
          await expect(store.write(at, failing())).rejects.toThrow('the source broke');
          expect(await store.head(at)).toBeUndefined();
          await store.write(at, 'whole');
          await expect(store.write(at, failing())).rejects.toThrow('the source broke');
          expect((await readAll(store, at)).toString()).toBe('whole');
          expect((await listAll(store, { bucket, prefix: '' })).map(({ key }) => key)).toEqual(['in/a.csv']);
        }),
      );

      it(
        'reads with ifMatch that version or none',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          const first = await store.write(at, 'first');
          const ifMatch = first?.etag ?? '';
          expect((await readAll(store, at, { ifMatch })).toString()).toBe('first');
          await store.write(at, 'second');
          await expect(store.read(at, { ifMatch })).rejects.toMatchObject({ code: 'object-changed' });
        }),
      );

      it(
        'writes with ifAbsent only where nothing is',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          expect(await store.write(at, 'first', { ifAbsent: true })).toMatchObject({ size: 5 });
          expect(await store.write(at, 'second!', { ifAbsent: true })).toBeUndefined();
          expect((await readAll(store, at)).toString()).toBe('first');
          const info = await store.head(at);
          await store.delete(at, { ifMatch: info?.etag ?? '' });
          expect(await store.write(at, 'third', { ifAbsent: true })).toMatchObject({ size: 5 });
        }),
      );

      it(
        'lets exactly one of 20 writers with ifAbsent win, with its own bytes',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'claims/one' };
          const outcomes = await Promise.all(
            Array.from({ length: 20 }, (_, writer) =>
              store.write(at, `writer ${writer}`, { ifAbsent: true }),
            ),
          );
          const winners = outcomes.flatMap((outcome, writer) => (outcome ? [writer] : []));
          expect(winners).toHaveLength(1);
          expect((await readAll(store, at)).toString()).toBe(`writer ${winners[0]}`);
        }),
      );
    });

    describe('list', () => {
      it(
        'is empty for a prefix that nothing has',
        withStore(async ({ store, bucket }) => {
          await store.write({ bucket, key: 'in/a.csv' }, 'a');
          expect(await listAll(store, { bucket, prefix: 'out/' })).toEqual([]);
          expect(await listAll(store, { bucket, prefix: 'in/a.csv/' })).toEqual([]);
        }),
      );

      it(
        'takes a prefix as a prefix of the key, not of a folder',
        withStore(async ({ store, bucket }) => {
          const keys = ['in/2026-01/a', 'in/2026-02/a', 'in/2027-01/a', 'in/2026', 'in2/a'];
          for (const key of keys) await store.write({ bucket, key }, 'x');
          const listed = async (prefix: string) =>
            (await listAll(store, { bucket, prefix })).map(({ key }) => key);
          expect(await listed('in/2026-')).toEqual(['in/2026-01/a', 'in/2026-02/a']);
          expect(await listed('in/2026')).toEqual(['in/2026', 'in/2026-01/a', 'in/2026-02/a']);
          expect(await listed('in')).toEqual([
            'in/2026',
            'in/2026-01/a',
            'in/2026-02/a',
            'in/2027-01/a',
            'in2/a',
          ]);
          expect(await listed('in/2026-01/a')).toEqual(['in/2026-01/a']);
        }),
      );

      it(
        'orders by the UTF-8 bytes of the whole key, folders or not',
        withStore(async ({ store, bucket }) => {
          // '-' and '.' come before '/', '0' after it: the order of folder entries is not the order of keys.
          const keys = [
            'a-1',
            'a.csv',
            'a/b',
            'a/c/d',
            'a0',
            'a/b-1',
            'a/b.x/y',
            'Z',
            'é',
            '\uFF5E',
            '\u{1F600}',
          ];
          for (const key of keys) await store.write({ bucket, key }, key);
          const listed = (await listAll(store, { bucket, prefix: '' })).map(({ key }) => key);
          expect(listed).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
        }),
      );

      it(
        'begins after startAfter, whether an object has that key or not',
        withStore(async ({ store, bucket }) => {
          for (const key of ['in/a', 'in/b/1', 'in/b/2', 'in/c']) await store.write({ bucket, key }, 'x');
          const after = async (startAfter: string) =>
            (await listAll(store, { bucket, prefix: 'in/', startAfter })).map(({ key }) => key);
          expect(await after('in/a')).toEqual(['in/b/1', 'in/b/2', 'in/c']);
          expect(await after('in/b/1')).toEqual(['in/b/2', 'in/c']);
          expect(await after('in/b')).toEqual(['in/b/1', 'in/b/2', 'in/c']);
          expect(await after('in/b/11')).toEqual(['in/b/2', 'in/c']);
          expect(await after('in/b0')).toEqual(['in/c']);
          expect(await after('in/c')).toEqual([]);
          expect(await after('a')).toEqual(['in/a', 'in/b/1', 'in/b/2', 'in/c']);
        }),
      );

      it(
        'gives each of 2,000 objects once, in order, past every page',
        withStore(async ({ store, bucket }) => {
          const keys = Array.from(
            { length: 2_000 },
            (_, index) => `in/${index % 7}/file-${String(index).padStart(5, '0')}`,
          );
          for (let from = 0; from < keys.length; from += 50) {
            await Promise.all(keys.slice(from, from + 50).map((key) => store.write({ bucket, key }, key)));
          }
          const sorted = [...keys].sort();
          const listed = (await listAll(store, { bucket, prefix: 'in/' })).map(({ key }) => key);
          expect(listed).toEqual(sorted);
          const startAfter = sorted[1_499] ?? '';
          const rest = await listAll(store, { bucket, prefix: 'in/', startAfter });
          expect(rest.map(({ key }) => key)).toEqual(sorted.slice(1_500));
        }),
        120_000,
      );

      it(
        'ends early when the caller has enough',
        withStore(async ({ store, bucket }) => {
          for (const key of ['a', 'b', 'c']) await store.write({ bucket, key }, 'x');
          for await (const { key } of store.list({ bucket, prefix: '' })) {
            expect(key).toBe('a');
            break;
          }
          expect(await listAll(store, { bucket, prefix: '' })).toHaveLength(3);
        }),
      );
    });

    describe('keys', () => {
      it(
        'keeps keys as they are: blanks, +, %, quotes, unicode in either normal form',
        withStore(async ({ store, bucket }) => {
          for (const key of HARD_KEYS) await store.write({ bucket, key }, `bytes of ${key}`);
          const listed = (await listAll(store, { bucket, prefix: 'in/' })).map(({ key }) => key);
          expect(listed).toEqual(
            [...HARD_KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
          );
          for (const key of HARD_KEYS) {
            const info = await store.head({ bucket, key });
            expect((await readAll(store, { bucket, key })).toString()).toBe(`bytes of ${key}`);
            const to = { bucket, key: `out/${key}` };
            expect(await store.copy({ bucket, key }, to, { ifMatch: info?.etag ?? '' })).toBe('done');
            expect(await store.delete({ bucket, key }, { ifMatch: info?.etag ?? '' })).toBe('done');
            expect((await readAll(store, to)).toString()).toBe(`bytes of ${key}`);
          }
          expect(await listAll(store, { bucket, prefix: 'in/' })).toEqual([]);
        }),
      );
    });

    describe('copy, delete and tag, each on a condition', () => {
      it(
        'copies the bytes with that ETag, replacing what is at the destination, and keeps the source',
        withStore(async ({ store, bucket }) => {
          const from = { bucket, key: 'in/a.csv' };
          const to = { bucket, key: 'processed/a.csv' };
          const source = await store.write(from, 'bytes');
          await store.write(to, 'something older');
          expect(await store.copy(from, to, { ifMatch: source?.etag ?? '' })).toBe('done');
          expect((await readAll(store, to)).toString()).toBe('bytes');
          expect((await readAll(store, from)).toString()).toBe('bytes');
        }),
      );

      it(
        'says changed and touches nothing when the object has another ETag',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          const to = { bucket, key: 'processed/a.csv' };
          const ifMatch = (await store.write(at, 'first'))?.etag ?? '';
          await store.write(at, 'second');
          expect(await store.copy(at, to, { ifMatch })).toBe('changed');
          expect(await store.delete(at, { ifMatch })).toBe('changed');
          expect(await store.tag(at, { state: 'loaded' }, { ifMatch })).toBe('changed');
          expect(await store.head(to)).toBeUndefined();
          expect((await readAll(store, at)).toString()).toBe('second');
        }),
      );

      it(
        'says gone when there is no object',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          const ifMatch = (await store.write(at, 'first'))?.etag ?? '';
          expect(await store.delete(at, { ifMatch })).toBe('done');
          expect(await store.head(at)).toBeUndefined();
          expect(await store.delete(at, { ifMatch })).toBe('gone');
          expect(await store.copy(at, { bucket, key: 'b' }, { ifMatch })).toBe('gone');
          expect(await store.tag(at, {}, { ifMatch })).toBe('gone');
          expect(await listAll(store, { bucket, prefix: '' })).toEqual([]);
        }),
      );

      it(
        'deletes once when 20 ask',
        withStore(async ({ store, bucket }) => {
          const at = { bucket, key: 'in/a.csv' };
          const ifMatch = (await store.write(at, 'first'))?.etag ?? '';
          const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.delete(at, { ifMatch })));
          for (const outcome of outcomes) expect(['done', 'gone']).toContain(outcome);
          expect(outcomes).toContain('done');
          expect(await store.head(at)).toBeUndefined();
        }),
      );

      it(
        'tells of a copy that met a delete; it never breaks',
        withStore(async ({ store, bucket }) => {
          for (let round = 0; round < 30; round += 1) {
            const from = { bucket, key: `in/${round}.csv` };
            const written = await store.write(from, 'bytes');
            const ifMatch = written?.etag ?? '';
            const [copied, deleted] = await Promise.all([
              store.copy(from, { bucket, key: `out/${round}.csv` }, { ifMatch }),
              store.delete(from, { ifMatch }),
            ]);
            expect(['done', 'gone']).toContain(copied);
            expect(deleted).toBe('done');
            const there = await store.head({ bucket, key: `out/${round}.csv` });
            expect(there !== undefined).toBe(copied === 'done');
          }
        }),
      );

      it(
        'adds tags, leaves those of others, and bytes and ETag as they are',
        withStore(async ({ store, bucket, tagsOf }) => {
          const at = { bucket, key: 'in/a b.csv' };
          const written = await store.write(at, 'bytes');
          const ifMatch = written?.etag ?? '';
          expect(await store.tag(at, { state: 'loaded', job: '01J' }, { ifMatch })).toBe('done');
          expect(await store.tag(at, { state: 'archived' }, { ifMatch })).toBe('done');
          if (tagsOf) expect(await tagsOf(at)).toEqual({ state: 'archived', job: '01J' });
          expect((await store.head(at))?.etag).toBe(written?.etag);
          expect((await readAll(store, at)).toString()).toBe('bytes');
          expect((await listAll(store, { bucket, prefix: '' })).map(({ key }) => key)).toEqual([
            'in/a b.csv',
          ]);
        }),
      );
    });

    if (excused.size > 0) {
      runCase('excuses no case that is not there (any more)', () => {
        expect([...excused.keys()]).toEqual([]);
      });
    }
  });
}

async function listAll(
  store: ObjectStore,
  at: { bucket: string; prefix: string; startAfter?: string },
): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const object of store.list(at)) objects.push(object);
  return objects;
}

async function readAll(store: ObjectStore, at: ObjectRef, options?: { ifMatch: string }): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(at, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* chunked(bytes: Uint8Array, chunkBytes: number): AsyncIterable<Uint8Array> {
  for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
}

/** What two tellings of one object agree on. S3 rounds the time to seconds in some of them. */
function factsOf(info: ObjectInfo | undefined): Omit<ObjectInfo, 'lastModifiedAt' | 'versionId'> | undefined {
  return info && { bucket: info.bucket, key: info.key, etag: info.etag, size: info.size };
}
