import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadFileOf, type TrackedFile } from '../file/load-file.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { growStreak, isDrift, streakAfterLoad, streakOfJob } from '../recover/data-streak.ts';
import { freshLane, type Lane } from './lane.ts';
import { lineToRead, nextBatch } from './next-batch.ts';

const definition: TargetDefinition = {
  name: 'public.t',
  rule: {
    mode: 'append',
    key: [],
    latestBy: [],
    tombstone: null,
    nullKeys: 'reject',
    columns: null,
    onRewrite: 'quarantine',
  },
  batching: { maxFiles: 1_000, maxBytes: 1e9, freshnessMs: 1_000 },
  after: { kind: 'keep' },
  pin: false,
  copyFor: () => ({ format: 'csv', options: 'FORMAT CSV', iamRole: null }),
  from: [],
};

/** A line of files of which some are bad, before a warehouse that names none of them. */
function search(files: number, bad: ReadonlySet<number>): { jobs: number; loaded: number; isHeld: boolean } {
  let line: TrackedFile[] = Array.from({ length: files }, (_, n) => ({
    target: 'public.t',
    file: loadFileOf({ bucket: 'b', key: `${n}`.padStart(4, '0'), etag: 'e', size: 1 }, 0),
    status: 'waiting',
  }));
  const isBad = ({ file }: TrackedFile): boolean => bad.has(Number(file.identity.key));
  let lane: Lane = freshLane('public.t');
  for (let jobs = 0; ; jobs += 1) {
    const read = line.slice(0, lineToRead(lane, definition));
    const { batch, sampleAt } = nextBatch(lane, read, definition);
    if (batch.files.length === 0) return { jobs, loaded: files - bad.size, isHeld: false };
    const streak = streakOfJob(lane.streak, { sampleAt, line: read.length });
    const { length } = batch.files;
    const [only] = batch.files;
    if (!batch.files.some(isBad)) {
      line = line.filter((file) => !batch.files.includes(file));
      const left = (lane.suspects ?? 0) - (sampleAt === null ? length : 0);
      lane = {
        ...lane,
        suspects: left > 0 ? left : null,
        streak: streakAfterLoad(streak, { now: 0, files: length }),
      };
    } else if (length > 1) {
      lane = {
        ...lane,
        suspects: length,
        streak: growStreak(streak, { now: 0, files: length, found: 0, bad: [] }),
      };
    } else {
      line = line.filter((file) => file !== only);
      const grown = growStreak(streak, { now: 0, files: 1, found: 1, bad: [{ code: 'copy-data' }] });
      if (isDrift(grown)) return { jobs: jobs + 1, loaded: 0, isHeld: true };
      lane = { ...lane, suspects: sampleAt === null ? null : lane.suspects, streak: grown };
    }
  }
}

/** What a search may cost. */
function bound(files: number, bad: number): number {
  return 2 * bad * (Math.log2(files / bad) + 1) + 1;
}

const lineWithBad = fc.integer({ min: 50, max: 600 }).chain((files) =>
  fc.record({
    files: fc.constant(files),
    // Up to a tenth of the files.
    bad: fc.uniqueArray(fc.nat(files - 1), { minLength: 1, maxLength: Math.floor(files / 10) }),
  }),
);

describe('a search for bad files that nobody names', () => {
  it('keeps its bound wherever they are, and takes none of them for a changed table', () => {
    fc.assert(
      fc.property(lineWithBad, ({ files, bad }) => {
        const found = search(files, new Set(bad));
        expect(found).toMatchObject({ isHeld: false, loaded: files - bad.length });
        expect(found.jobs).toBeLessThanOrEqual(bound(files, bad.length));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its bound when they stand in a row', () => {
    for (const files of [100, 500]) {
      for (const bad of [1, 2, 5, 10, 25, 50]) {
        for (let from = 0; from <= files - bad; from += Math.ceil(files / 23)) {
          const found = search(files, new Set(Array.from({ length: bad }, (_, n) => from + n)));
          expect(found.isHeld).toBe(false);
          expect(found.jobs).toBeLessThanOrEqual(bound(files, bad));
        }
      }
    }
  });

  it('ends after eight failures at most when all of eight files or more are bad', () => {
    for (const files of [8, 9, 10, 15, 16, 40, 100, 500, 1_000]) {
      const { jobs, isHeld } = search(files, new Set(Array.from({ length: files }, (_, n) => n)));
      expect(isHeld).toBe(true);
      expect(jobs).toBeLessThanOrEqual(8);
    }
  });
});
