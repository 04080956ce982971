import type { ObjectInfo } from '@millrace/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headAll } from './head-all.ts';

const PAGE = 1_000;
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const key = (at: number): string => `in/2026/11/21/${String(at).padStart(6, '0')}.csv`;

/** A bucket that lists as S3 does, and counts what it is asked. */
function bucketOf(stored: Iterable<string>, pageSize = PAGE) {
  const keys = [...stored].sort(byBytes);
  const info = (name: string): ObjectInfo => ({
    bucket: 'lake',
    key: name,
    etag: `etag of ${name}`,
    size: 1,
    lastModifiedAt: 0,
  });
  const asked = { lists: 0, heads: 0 };
  return {
    asked,
    list: async ({ prefix, startAfter }: { prefix: string; startAfter: string }) => {
      asked.lists += 1;
      const after = keys.filter((name) => name.startsWith(prefix) && byBytes(name, startAfter) > 0);
      return { objects: after.slice(0, pageSize).map(info), isLast: after.length <= pageSize };
    },
    head: async (name: string) => {
      asked.heads += 1;
      return keys.includes(name) ? info(name) : undefined;
    },
  };
}

describe('headAll', () => {
  it('looks at keys that lie together by one request', async () => {
    const bucket = bucketOf(Array.from({ length: 50_000 }, (_, at) => key(at)));
    const wanted = Array.from({ length: 500 }, (_, at) => key(20_000 + at));
    const found = await headAll(wanted, bucket);
    expect([...found.keys()]).toEqual(wanted);
    expect(found.get(key(20_007))?.etag).toBe(`etag of ${key(20_007)}`);
    expect(bucket.asked).toEqual({ lists: 1, heads: 0 });
  });

  it('passes over what lies between two groups of keys', async () => {
    const bucket = bucketOf(Array.from({ length: 50_000 }, (_, at) => key(at)));
    const wanted = [0, 40_000].flatMap((from) => Array.from({ length: 50 }, (_, at) => key(from + at)));
    expect((await headAll(wanted, bucket)).size).toBe(100);
    expect(bucket.asked).toEqual({ lists: 2, heads: 0 });
  });

  it('wastes one request on keys that are scattered', async () => {
    const bucket = bucketOf(Array.from({ length: 50_000 }, (_, at) => key(at)));
    const wanted = Array.from({ length: 100 }, (_, at) => key(at * 500));
    expect((await headAll(wanted, bucket)).size).toBe(100);
    expect(bucket.asked).toEqual({ lists: 1, heads: 98 });
  });

  it('looks at a few keys one by one', async () => {
    const bucket = bucketOf([key(1), key(2)]);
    expect([...(await headAll([key(1), key(3)], bucket)).keys()]).toEqual([key(1)]);
    expect(bucket.asked).toEqual({ lists: 0, heads: 2 });
  });

  it('finds what is there and nothing else, whatever the keys and the pages', async () => {
    const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(names, names, fc.integer({ min: 1, max: 40 }), async (some, others, pageSize) => {
        const stored = [...some.slice(0, Math.ceil(some.length / 2)), ...others];
        const found = await headAll(some, bucketOf(new Set(stored), pageSize));
        const there = some.filter((name) => stored.includes(name));
        expect([...found.keys()].sort()).toEqual(there.sort());
      }),
    );
  });
});
