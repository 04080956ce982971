import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadFileOf, type TrackedFile } from '../file/load-file.ts';
import { freshLane, type Lane } from './lane.ts';
import { deadlineOf, lanesInLine, staggerMsOf } from './line.ts';

const NOW = 1_000_000;
const policy = { maxFiles: 2, maxBytes: 1_000, freshnessMs: 60_000 };

function fileOf(arrivedAt: number): TrackedFile {
  const file = loadFileOf({ bucket: 'b', key: `k${arrivedAt}`, etag: 'e', size: 1 }, arrivedAt);
  return { target: 'public.t', file, status: 'waiting' };
}

const batchOf = (arrivedAt: number, { isFull = false }: { isFull?: boolean } = {}) => ({
  files: [fileOf(arrivedAt)],
  bytes: 1,
  isFull,
});

function waiting(target: string, change: Partial<Lane> & { dueAt?: number; deadlineAt?: number } = {}): Lane {
  const { dueAt = NOW, deadlineAt, ...rest } = change;
  const state = { kind: 'waiting', dueAt, ...(deadlineAt === undefined ? {} : { deadlineAt }) } as const;
  return { ...freshLane(target), state, ...rest };
}

const orderOf = (lanes: readonly Lane[]): string[] =>
  lanesInLine(lanes, { now: NOW, freshnessMsOf: (target) => (target === 'gone' ? undefined : 60_000) }).map(
    ({ target }) => target,
  );

describe('the deadline of a batch', () => {
  it('is the freshness of its oldest file', () => {
    expect(deadlineOf(batchOf(NOW - 10_000), { policy, lastLoadedAt: NOW, now: NOW })).toBe(NOW + 50_000);
    expect(deadlineOf(batchOf(NOW - 90_000), { policy, lastLoadedAt: NOW, now: NOW })).toBe(NOW - 30_000);
  });

  it('of a backlog, which is late already, is a freshness after the last load', () => {
    const backlog = batchOf(NOW - 3_600_000, { isFull: true });
    expect(deadlineOf(backlog, { policy, lastLoadedAt: NOW - 5_000, now: NOW })).toBe(NOW + 55_000);
    expect(deadlineOf(backlog, { policy, lastLoadedAt: null, now: NOW })).toBeLessThan(NOW);
  });

  it('of a backlog does not move while it waits: whatever comes later comes after it', () => {
    const backlog = batchOf(NOW - 3_600_000, { isFull: true });
    const [early, late] = [NOW, NOW + 50_000].map((now) =>
      deadlineOf(backlog, { policy, lastLoadedAt: NOW, now }),
    );
    expect(late).toBe(early);
    expect(deadlineOf(batchOf(NOW + 1), { policy, lastLoadedAt: null, now: NOW + 1 })).toBeGreaterThan(
      early ?? 0,
    );
  });
});

describe('the line for a place', () => {
  it('has the nearest deadline first, whoever waits longest', () => {
    const lanes = [
      waiting('late', { dueAt: NOW - 9_000, deadlineAt: NOW + 40_000 }),
      waiting('near', { dueAt: NOW - 1, deadlineAt: NOW + 1_000 }),
      waiting('missed', { deadlineAt: NOW - 1_000 }),
    ];
    expect(orderOf(lanes)).toEqual(['missed', 'near', 'late']);
  });

  it('has a lane that has just loaded behind those that had to wait for it', () => {
    const lanes = [
      waiting('loaded', { lastLoadedAt: NOW, loadMs: 1_000 }),
      waiting('due', { deadlineAt: NOW + 2_000 }),
      // Its wake is on the way, or was lost.
      waiting('unseen', { dueAt: NOW - 100, lastLoadedAt: NOW - 50_000, loadMs: 1_000 }),
    ];
    expect(orderOf(lanes)).toEqual(['unseen', 'due', 'loaded']);
  });

  it('has nobody who is not due, has no target, or is busy', () => {
    const idle = { ...waiting('idle'), state: { kind: 'idle' } } as const;
    expect(orderOf([idle, waiting('gone'), waiting('later', { dueAt: NOW + 1 }), waiting('due')])).toEqual([
      'due',
    ]);
  });

  it('is the same whatever order it is read in, and leaves nobody out', () => {
    const lane = fc.record({ at: fc.nat(5), target: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') });
    fc.assert(
      fc.property(fc.uniqueArray(lane, { selector: ({ target }) => target }), (some) => {
        const lanes = some.map(({ target, at }) => waiting(target, { deadlineAt: at }));
        expect(orderOf(lanes.toReversed())).toEqual(orderOf(lanes));
        expect(orderOf(lanes)).toHaveLength(lanes.length);
      }),
    );
  });
});

describe('staggering', () => {
  const options = { lanes: 200, maxLoads: 4, loadMs: 3_000, freshnessMs: 300_000 };
  const names = Array.from({ length: 200 }, (_, n) => `public.t${n}`);

  it('costs nothing where there is a place for each lane', () => {
    expect(staggerMsOf('public.t', { ...options, lanes: 4 })).toBe(0);
  });

  it('is the same for the same target, and at most a quarter of the freshness', () => {
    for (const name of names) {
      const ms = staggerMsOf(name, { ...options, loadMs: 60_000 });
      expect(ms).toBe(staggerMsOf(name, { ...options, loadMs: 60_000 }));
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(75_000);
    }
  });

  it('spreads lanes over the time: no tenth of it has more than twice its share', () => {
    const tenths = new Map<number, number>();
    for (const name of names) {
      const tenth = Math.floor(staggerMsOf(name, options) / 7_500);
      tenths.set(tenth, (tenths.get(tenth) ?? 0) + 1);
    }
    expect(Math.max(...tenths.values())).toBeLessThanOrEqual((2 * names.length) / 10);
  });

  it('presumes a time for lanes that never had a load: many new ones begin together', () => {
    expect(names.some((name) => staggerMsOf(name, { ...options, loadMs: null }) > 10_000)).toBe(true);
  });
});
