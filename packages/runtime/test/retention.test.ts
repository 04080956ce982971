import { existsSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type Loader, pruneReceipts } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { failuresOf, rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Receipts that were pruned, and files that come again after it. In these tests a hundred days pass in an instant. */

const T = 'public.t';
const DAY_MS = 24 * 60 * 60_000;
const projects = new TestProjects();
afterEach(() => projects.removeAll());

type Mode = Readonly<Record<string, unknown>>;
const APPEND: Mode = { mode: 'append' };

function project(mode: Mode = APPEND): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (id int)',
    targets: { [T]: { ...mode, from: 's3://lake/t/', format: { kind: 'csv' } } },
  });
}

function inDays(loader: Loader, days: number): Loader {
  return { ...loader, now: () => Date.now() + days * DAY_MS };
}

const prune = (made: TestProject, { dryRun = false } = {}) =>
  pruneReceipts(inDays(made.loader, 100), { target: T, olderThanMs: 90 * DAY_MS, dryRun, after: null });

/** The tracker forgets what it knew of a file: a late notification, a listing, a lost tracker bring it again. */
function loseTracker(made: TestProject): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(join(made.directory, '.millrace', `tracker.db${suffix}`), { force: true });
  }
}

const ids = async (millrace: Millrace) =>
  (await rowsOf(millrace, 'SELECT id FROM public.t ORDER BY id')).map(({ id }) => id);

/** Loads two files, takes one of them away, prunes its receipt, and puts it back as it was, time included. */
async function loadPruneAndReturn(made: TestProject): Promise<Date> {
  made.put('t/gone.csv', '1\n');
  made.put('t/stays.csv', '2\n');
  const written = new Date();
  await made.drain(async () => {
    renameSync(made.path('t/gone.csv'), join(made.directory, 'aside'));
    expect(await prune(made)).toMatchObject({ pruned: 1, kept: 1, next: null });
  });
  renameSync(join(made.directory, 'aside'), made.path('t/gone.csv'));
  loseTracker(made);
  return written;
}

describe('a file whose receipt was pruned', () => {
  it.each([
    ['append', APPEND],
    ['insert-only', { mode: 'insert-only', key: 'id' }],
  ] as const)('is refused when it comes again, visibly, and not loaded twice (%s)', async (_, mode) => {
    const made = project(mode);
    await loadPruneAndReturn(made);
    made.put('t/new.csv', '3\n');
    utimesSync(made.path('t/new.csv'), new Date(), new Date(Date.now() + 11 * DAY_MS));
    await made.drain(async (millrace) => {
      expect(await ids(millrace)).toEqual([1, 2, 3]);
      expect(await failuresOf(millrace)).toEqual([
        {
          target: T,
          url: 's3://lake/t/gone.csv',
          state: 'quarantined',
          code: 'before-horizon',
          error: expect.stringContaining('receipts of files before'),
          line: null,
          column: null,
          rawValue: null,
        },
      ]);
    });
  });

  it('is loaded when somebody writes it anew and redrives it', async () => {
    const made = project();
    await loadPruneAndReturn(made);
    await made.drain(async (millrace) => {
      utimesSync(made.path('t/gone.csv'), new Date(), new Date(Date.now() + 11 * DAY_MS));
      await millrace.redrive({ target: T });
      await millrace.untilIdle();
      expect(await failuresOf(millrace)).toEqual([]);
      expect(await ids(millrace)).toEqual([1, 1, 2]);
    });
  });
});

describe('receipts', () => {
  it('of objects that are still there are kept, whatever their age', async () => {
    const made = project();
    made.put('t/a.csv', '1\n');
    await made.drain(async (millrace) => {
      expect(await prune(made)).toMatchObject({ pruned: 0, kept: 1 });
      loseTracker(made);
      expect(await millrace.failures({})).toEqual([]);
    });
    await made.drain(async (millrace) => {
      expect(await ids(millrace)).toEqual([1]);
      expect(await failuresOf(millrace)).toEqual([]);
      expect((await millrace.reconcile({ repair: false, cursor: null })).missing).toEqual([]);
    });
  });

  it('are counted and kept by a dry run, which raises no horizon', async () => {
    const made = project({ ...APPEND, after: 'delete' });
    made.put('t/a.csv', '1\n');
    await made.drain(async (millrace) => {
      expect(await prune(made, { dryRun: true })).toMatchObject({ pruned: 1, kept: 0 });
      expect(await prune(made)).toMatchObject({ pruned: 1, kept: 0 });
      expect(await prune(made)).toMatchObject({ pruned: 0, kept: 0 });
      made.put('t/b.csv', '2\n');
      await millrace.untilIdle();
      expect((await failuresOf(millrace)).map(({ code }) => code)).toEqual(['before-horizon']);
    });
  });

  it('of the last day are never pruned', async () => {
    const made = project();
    await made.drain(async () => {
      const request = { target: T, olderThanMs: DAY_MS - 1, dryRun: false, after: null };
      await expect(pruneReceipts(made.loader, request)).rejects.toMatchObject({
        code: 'retention-too-short',
      });
    });
  });

  it('that were moved as loaded do not look missing, and are not loaded again by a repair', async () => {
    const made = project({ ...APPEND, after: 'move' });
    made.put('t/a.csv', '1\n');
    await made.drain(async () => {
      expect(await prune(made)).toMatchObject({ pruned: 1, kept: 0 });
    });
    loseTracker(made);
    await made.drain(async (millrace) => {
      let cursor: string | null = null;
      do {
        const page = await millrace.reconcile({ repair: true, cursor });
        expect([...page.missing, ...page.double, ...page.orphan]).toEqual([]);
        cursor = page.next;
      } while (cursor !== null);
      await millrace.untilIdle();
      expect(await ids(millrace)).toEqual([1]);
      expect(existsSync(made.path('t/a.csv'))).toBe(false);
    });
  });

  it('of what was moved after the horizon are kept: else it would look like what a restored warehouse lacks', async () => {
    const made = project({ ...APPEND, after: 'move' });
    made.put('t/a.csv', '1\n');
    await made.drain(async () => {
      utimesSync(made.path('processed/t/a.csv'), new Date(), new Date(Date.now() + 11 * DAY_MS));
      expect(await prune(made)).toMatchObject({ pruned: 0, kept: 1 });
    });
  });

  it('leave their count and the highest fence behind for a tracker that is lost', async () => {
    const made = project({ ...APPEND, after: 'delete' });
    made.put('t/a.csv', '1\n');
    const fence = await made.drain(async () => {
      await prune(made);
      return (await made.loader.tracker.lane(T)).fence;
    });
    loseTracker(made);
    await made.drain(async (millrace) => {
      expect((await made.loader.tracker.lane(T)).fence).toBe(fence);
      expect((await statusOf(millrace, T)).loaded).toBe(1);
    });
  });
});

it('no horizon is set where no receipt goes: a file that is old and comes late is loaded', async () => {
  const made = project(APPEND);
  made.put('t/a.csv', '1\n');
  await made.drain(async (millrace) => {
    expect(await prune(made)).toMatchObject({ horizon: null, pruned: 0, kept: 1 });
    made.put('t/old.csv', '2\n');
    utimesSync(made.path('t/old.csv'), new Date(0), new Date(0));
    await millrace.untilIdle();
    expect(await ids(millrace)).toEqual([1, 2]);
  });
});

it('a horizon never sinks, and stands with the receipts in one transaction', async () => {
  const made = project({ ...APPEND, after: 'delete' });
  made.put('t/a.csv', '1\n');
  await made.drain(async (millrace) => {
    const { horizon } = await prune(made);
    made.put('t/b.csv', '2\n');
    // Younger than the horizon, which is ten days from now.
    utimesSync(made.path('t/b.csv'), new Date(), new Date(Date.now() + 20 * DAY_MS));
    await millrace.untilIdle();
    const lower = { target: T, olderThanMs: 95 * DAY_MS, dryRun: false, after: null };
    expect(await pruneReceipts(inDays(made.loader, 100), lower)).toMatchObject({ pruned: 1, horizon });
  });
});
