import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadFileOf, type TrackedFile } from '../file/load-file.ts';
import { dueAt, planBatch, sortBacklog } from './batching.ts';

function tracked(
  key: string,
  change: { etag?: string; size?: number; arrivedAt?: number; writtenAt?: number } = {},
): TrackedFile {
  const { etag = 'e', size = 10, arrivedAt = 0, writtenAt } = change;
  const file = loadFileOf(
    { bucket: 'b', key, etag, size, ...(writtenAt === undefined ? {} : { writtenAt }) },
    arrivedAt,
  );
  return { target: 'public.t', file, status: 'waiting' };
}

const oneKind = { maxFiles: 3, maxBytes: 100, kindOf: () => 'csv' };
const keysOf = (files: readonly TrackedFile[]): string[] => files.map(({ file }) => file.identity.key);

describe('a backlog', () => {
  it('loads the version that was written last, whichever arrived first', () => {
    const old = tracked('a', { etag: 'old', writtenAt: 1, arrivedAt: 9 });
    const young = tracked('a', { etag: 'young', writtenAt: 2, arrivedAt: 5 });
    expect(sortBacklog([old, young])).toEqual({ loadable: [young], superseded: [old] });
    expect(sortBacklog([young, old])).toEqual({ loadable: [young], superseded: [old] });
  });

  it('loads the version that arrived last when nobody told when they were written', () => {
    const first = tracked('a', { etag: '1', arrivedAt: 1 });
    const second = tracked('a', { etag: '2', arrivedAt: 2 });
    expect(sortBacklog([second, first]).loadable).toEqual([second]);
  });

  it('never offers two versions of a key, and loses none', () => {
    const file = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      etag: fc.constantFrom('1', '2', '3'),
      at: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.uniqueArray(file, { selector: ({ key, etag }) => key + etag }), (files) => {
        const waiting = files.map(({ key, etag, at }) => tracked(key, { etag, arrivedAt: at }));
        const { loadable, superseded } = sortBacklog(waiting);
        expect(new Set(keysOf(loadable)).size).toBe(loadable.length);
        expect(new Set([...loadable, ...superseded])).toEqual(new Set(waiting));
      }),
    );
  });
});

describe('a batch', () => {
  it('takes the oldest up to maxFiles, and is full then', () => {
    const files = ['a', 'b', 'c', 'd'].map((key, n) => tracked(key, { arrivedAt: n }));
    const batch = planBatch(files, oneKind);
    expect(keysOf(batch.files)).toEqual(['a', 'b', 'c']);
    expect(batch.isFull).toBe(true);
  });

  it('stops before maxBytes, but never refuses a single large file', () => {
    const files = [tracked('a', { size: 60 }), tracked('b', { size: 60 })];
    expect(planBatch(files, oneKind)).toMatchObject({ bytes: 60, isFull: true });
    expect(planBatch([tracked('huge', { size: 5_000 })], oneKind)).toMatchObject({
      bytes: 5_000,
      isFull: true,
    });
  });

  it('holds one kind of file: a COPY knows one format and one packing', () => {
    const files = [tracked('a.gz'), tracked('b.csv'), tracked('c.gz')];
    const batch = planBatch(files, { ...oneKind, kindOf: ({ file }) => file.identity.key.slice(-3) });
    expect(keysOf(batch.files)).toEqual(['a.gz', 'c.gz']);
    expect(batch.isFull).toBe(false);
  });
});

describe('a lane is due', () => {
  const policy = { maxFiles: 3, maxBytes: 100, freshnessMs: 60_000 };
  const batch = planBatch([tracked('a', { arrivedAt: 1_000 })], oneKind);

  it('at once when its batch is full', () => {
    expect(dueAt({ ...batch, isFull: true }, { policy, loadMs: null, now: 5_000 })).toBe(5_000);
  });

  it('so early that its oldest file is still fresh when the load is done', () => {
    const withoutHistory = dueAt(batch, { policy, loadMs: null, now: 5_000 });
    const withSlowLoads = dueAt(batch, { policy, loadMs: 20_000, now: 5_000 });
    expect(withoutHistory).toBeLessThanOrEqual(61_000);
    expect(withoutHistory - withSlowLoads).toBe(20_000);
  });

  it('never later than its freshness, whatever the clocks of workers made of its loads', () => {
    const alone = dueAt(batch, { policy, loadMs: null, now: 5_000 });
    expect(dueAt(batch, { policy, loadMs: -50_000, now: 5_000 })).toBe(alone);
  });

  it('earlier by its stagger, so that not all lanes ask at the same instant', () => {
    const alone = dueAt(batch, { policy, loadMs: null, now: 5_000 });
    expect(alone - dueAt(batch, { policy, loadMs: null, staggerMs: 7_000, now: 5_000 })).toBe(7_000);
  });

  it('now, not in the past, when the goal is missed already', () => {
    expect(dueAt(batch, { policy, loadMs: null, now: 90_000 })).toBe(90_000);
  });
});
