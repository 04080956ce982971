import { copyFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerOf, loadFileOf, type ReconcileEntry } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { BACKUP_FILES } from '../src/back-up.ts';
import type { Millrace } from '../src/millrace.ts';
import { failuresOf, rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Store, tracker and receipts are compared in both directions, and what one of them lost is found and mended. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const T = 'public.t';
const TARGET = { mode: 'append', from: 's3://lake/in/', format: { kind: 'csv' } };
const MOVED = { ...TARGET, after: 'move', processedPrefix: 's3://lake/processed/' };
const RECEIPTS = `millrace.${ledgerOf(T).receipts.name}`;
const VALUES = 'SELECT v FROM public.t ORDER BY v';
const valuesOf = (...values: number[]) => values.map((v) => ({ v }));

function newProject(target: Readonly<Record<string, unknown>>): TestProject {
  return projects.make({ tables: 'CREATE TABLE public.t (v INTEGER);', targets: { [T]: target } });
}

interface Found {
  missing: string[];
  double: string[];
  orphan: string[];
}

/** All pages of a reconciliation, its entries as `url: why`, those that were mended with a mark. */
async function reconcileAll(millrace: Millrace, { repair = false, target = '' } = {}): Promise<Found> {
  const found: Found = { missing: [], double: [], orphan: [] };
  const say = ({ url, why, repaired }: ReconcileEntry): string => `${repaired ? '✓ ' : ''}${url}: ${why}`;
  let cursor: string | null = null;
  do {
    const page = await millrace.reconcile({ repair, cursor, ...(target === '' ? {} : { target }) });
    found.missing.push(...page.missing.map(say));
    found.double.push(...page.double.map(say));
    found.orphan.push(...page.orphan.map(say));
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

const NOTHING: Found = { missing: [], double: [], orphan: [] };

/** Opens what is there, without a look at it: nothing is listed, watched or loaded. */
async function opened<Answer>(
  project: TestProject,
  ask: (millrace: Millrace) => Promise<Answer>,
): Promise<Answer> {
  const millrace = await project.open();
  try {
    return await ask(millrace);
  } finally {
    await millrace.stop();
  }
}

const stateOf = (project: TestProject, name: string): string => join(project.directory, '.millrace', name);

function remove(project: TestProject, ...names: readonly string[]): void {
  for (const name of names)
    for (const suffix of ['', '-wal', '-shm', '.wal'])
      rmSync(stateOf(project, name + suffix), { force: true });
}

function fileIn(project: TestProject, key: string, etag: string): ReturnType<typeof loadFileOf> {
  return loadFileOf({ bucket: 'lake', key, etag, size: statSync(project.path(key)).size }, 1);
}

describe('reconcile', () => {
  it('finds nothing where all is well: loaded, waiting and quarantined files, of keeping and of moving targets', async () => {
    for (const target of [TARGET, MOVED]) {
      const project = newProject(target);
      for (let n = 1; n <= 3; n += 1) project.put(`in/${n}.csv`, `${n}\n`);
      project.put('in/bad.csv', 'x\n');
      await project.drain((millrace) =>
        reconcileAll(millrace).then((found) => expect(found).toEqual(NOTHING)),
      );
      // And with `repair` it changes nothing.
      await opened(project, async (millrace) => {
        expect(await reconcileAll(millrace, { repair: true })).toEqual(NOTHING);
        expect(await statusOf(millrace, T)).toMatchObject({ loaded: 3, waiting: 0, quarantined: 1 });
      });
    }
  });

  it('finds an object that nobody announced, and lets it wait', async () => {
    const project = newProject(TARGET);
    project.put('in/a.csv', '1\n');
    await project.drain(async () => {});
    project.put('in/b é😀.csv', '2\n');
    project.put('in/_SUCCESS', '');
    project.put('other/c.csv', '3\n');
    const entry =
      's3://lake/in/b é😀.csv: it is in the object store, has no receipt, and the tracker does not know it';
    await opened(project, async (millrace) => {
      expect(await reconcileAll(millrace)).toEqual({ ...NOTHING, missing: [entry] });
      expect(await statusOf(millrace, T)).toMatchObject({ waiting: 0 });
      expect(await reconcileAll(millrace, { repair: true })).toEqual({ ...NOTHING, missing: [`✓ ${entry}`] });
      expect(await statusOf(millrace, T)).toMatchObject({ waiting: 1 });
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
    });
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2));
    });
  });

  it('finds a waiting file whose object is gone, and quarantines it with evidence', async () => {
    const project = newProject(TARGET);
    project.put('in/a.csv', '1\n');
    await project.drain(async () => {});
    await opened(project, async (millrace) => {
      await project.loader.tracker.addFiles(T, [fileIn(project, 'in/a.csv', 'other')]);
      project.put('in/gone.csv', '2\n');
      await project.loader.tracker.addFiles(T, [fileIn(project, 'in/gone.csv', 'e')]);
      rmSync(project.path('in/gone.csv'));
      const entry = 's3://lake/in/gone.csv: it waits, and its object is gone';
      // Not the one whose object is there with other bytes: the look before the next job supersedes it.
      expect(await reconcileAll(millrace)).toEqual({ ...NOTHING, orphan: [entry] });
      expect(await reconcileAll(millrace, { repair: true })).toEqual({ ...NOTHING, orphan: [`✓ ${entry}`] });
      expect(await failuresOf(millrace)).toMatchObject([
        { url: 's3://lake/in/gone.csv', state: 'quarantined', code: 'object-gone' },
      ]);
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
    });
  });

  it('keeps the evidence of a quarantined file whose object went', async () => {
    const project = newProject(TARGET);
    project.put('in/bad.csv', 'x\n');
    await project.drain(async () => {});
    rmSync(project.path('in/bad.csv'));
    await opened(project, async (millrace) => {
      const { orphan } = await reconcileAll(millrace, { repair: true });
      expect(orphan).toEqual([
        expect.stringMatching(
          /^✓ s3:\/\/lake\/in\/bad\.csv: it is quarantined \(.+\), and its object is gone$/u,
        ),
      ]);
      const [failure] = await failuresOf(millrace);
      expect(failure?.error).toMatch(
        /^s3:\/\/lake\/in\/bad\.csv is not in the object store any more; before that: ./u,
      );
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
    });
  });

  it.each(['waiting', 'quarantined'] as const)('ends what is %s and has a receipt', async (status) => {
    const project = newProject(MOVED);
    project.put('in/a.csv', '1\n');
    await project.drain(async () => {});
    remove(project, 'tracker.db');
    project.put('in/a.csv', '1\n');
    await opened(project, async (millrace) => {
      const { tracker, objects } = project.loader;
      const info = await objects.head({ bucket: 'lake', key: 'in/a.csv' });
      const file = fileIn(project, 'in/a.csv', info?.etag ?? '');
      await tracker.addFiles(T, [file]);
      if (status === 'quarantined')
        await tracker.putAside(T, [{ file, status, evidence: { code: 'x', reason: 'y', at: 1 } }]);
      const entry = `s3://lake/in/a.csv: it ${status === 'waiting' ? 'waits' : 'is quarantined'}, and has a receipt: it is loaded`;
      expect(await reconcileAll(millrace)).toEqual({ ...NOTHING, orphan: [entry] });
      expect(await reconcileAll(millrace, { repair: true })).toEqual({ ...NOTHING, orphan: [`✓ ${entry}`] });
      expect(await statusOf(millrace, T)).toMatchObject({ waiting: 0, quarantined: 0 });
      // The done action, too, is made up for.
      expect(await objects.head({ bucket: 'lake', key: 'in/a.csv' })).toBeUndefined();
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
    });
  });

  it('finds a receipt whose object is gone where objects are kept, and only there', async () => {
    for (const [target, isKept] of [
      [TARGET, true],
      [{ ...TARGET, after: 'delete' }, false],
    ] as const) {
      const project = newProject(target);
      project.put('in/a.csv', '1\n');
      await project.drain(async () => {});
      rmSync(project.path('in/a.csv'), { force: true });
      const entry = "s3://lake/in/a.csv: it has a receipt, and its object is gone although 'after' is 'keep'";
      await opened(project, async (millrace) => {
        expect(await reconcileAll(millrace, { repair: true })).toEqual({
          ...NOTHING,
          orphan: isKept ? [entry] : [],
        });
      });
    }
  });

  it('tells of a file with two receipts and of a place that was loaded in two versions, with the SQL to look', async () => {
    const project = newProject(TARGET);
    for (const name of ['a', 'b', 'c']) project.put(`in/${name}.csv`, '1\n');
    await project.drain(async (millrace) => {
      const copy = (change: string, name: string): string =>
        `INSERT INTO ${RECEIPTS} SELECT ${change}, key_id, url, etag, size, kind, 'OTHER', attempt, fence, job_rows, loaded_at
         FROM ${RECEIPTS} WHERE url = 's3://lake/in/${name}.csv'`;
      await millrace.query(copy('file_id', 'a'));
      await millrace.query(copy("'another'", 'b'));
      const { missing, double, orphan } = await reconcileAll(millrace, { repair: true });
      expect([missing, orphan]).toEqual([[], []]);
      expect(double).toEqual([
        expect.stringMatching(
          /^s3:\/\/lake\/in\/a\.csv: one file has 2 load receipts \(job .*OTHER.*\); look with: /u,
        ),
        expect.stringContaining('s3://lake/in/b.csv: it was loaded in 2 versions into a table that appends'),
      ]);
      for (const entry of double) {
        const [, sql = ''] = /look with: (.*)$/u.exec(entry) ?? [];
        expect(await rowsOf(millrace, sql)).toHaveLength(2);
      }
    });
  });

  it('takes several versions for what was asked for where rewritten keys are loaded anew', async () => {
    const project = newProject({ ...TARGET, onRewrite: 'reload' });
    project.put('in/a.csv', '1\n');
    await project.drain(async () => {});
    project.put('in/a.csv', '22\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 22));
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
    });
  });

  it('finds files that wait for a target that was removed', async () => {
    const project = newProject(TARGET);
    project.put('in/a.csv', '1\n');
    await opened(project, async () => {
      await project.loader.tracker.addFiles('public.old', [fileIn(project, 'in/a.csv', 'e')]);
      await project.loader.tracker.addArrivals('public.old', 1);
    });
    await project.drain(async (millrace) => {
      const entry = 's3://lake/in/a.csv: it waits for a target that the configuration does not have';
      expect(await reconcileAll(millrace, { repair: true })).toEqual({ ...NOTHING, orphan: [entry] });
      expect(await reconcileAll(millrace, { target: T })).toEqual(NOTHING);
    });
  });

  it('says what is wrong with a target or a cursor', async () => {
    const project = newProject(TARGET);
    await opened(project, async (millrace) => {
      const request = { repair: false, cursor: null };
      await expect(millrace.reconcile({ ...request, target: 'public.x' })).rejects.toThrow(/not a target/u);
      await expect(millrace.reconcile({ ...request, cursor: '{"from":' })).rejects.toThrow(/is no position/u);
    });
  });
});

describe('a tracker that was lost', () => {
  it('is rebuilt by a repair: fence from the receipts, what is new waits, what is loaded stays loaded', async () => {
    const project = newProject(TARGET);
    for (let n = 1; n <= 3; n += 1) {
      project.put(`in/${n}.csv`, `${n}\n`);
      await project.drain(async () => {});
    }
    remove(project, 'tracker.db', 'wakes.db');
    project.put('in/4.csv', '4\n');
    await opened(project, async (millrace) => {
      const { missing } = await reconcileAll(millrace, { repair: true });
      expect(missing).toEqual([expect.stringContaining('s3://lake/in/4.csv')]);
      expect((await project.loader.tracker.lane(T)).fence).toBe(3);
      expect(await statusOf(millrace, T)).toMatchObject({ waiting: 1, loaded: 3 });
    });
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2, 3, 4));
    });
  });

  it('gets its fence raised also when it comes from an older copy', async () => {
    const project = newProject(TARGET);
    const backup = join(project.directory, 'backup');
    project.put('in/1.csv', '1\n');
    await project.drain((millrace) => millrace.backup(backup));
    for (let n = 2; n <= 3; n += 1) {
      project.put(`in/${n}.csv`, `${n}\n`);
      await project.drain(async () => {});
    }
    remove(project, 'tracker.db', 'wakes.db');
    copyFileSync(join(backup, BACKUP_FILES.tracker), stateOf(project, 'tracker.db'));
    await opened(project, async (millrace) => {
      expect((await project.loader.tracker.lane(T)).fence).toBe(1);
      expect(await reconcileAll(millrace, { repair: true })).toEqual(NOTHING);
      expect((await project.loader.tracker.lane(T)).fence).toBe(3);
    });
  });
});

describe('a warehouse that was restored from an older snapshot', () => {
  /** Loads two files, keeps a copy of the warehouse, loads `later`, and puts the copy back. */
  async function restored(
    target: Readonly<Record<string, unknown>>,
    later: (project: TestProject) => Promise<void>,
  ): Promise<TestProject> {
    const project = newProject(target);
    const backup = join(project.directory, 'backup');
    for (let n = 1; n <= 2; n += 1) project.put(`in/${n}.csv`, `${n}\n`);
    await project.drain((millrace) => millrace.backup(backup));
    await later(project);
    remove(project, 'warehouse.duckdb');
    copyFileSync(join(backup, BACKUP_FILES.warehouse), stateOf(project, 'warehouse.duckdb'));
    return project;
  }

  const loadLater = async (project: TestProject): Promise<void> => {
    for (let n = 3; n <= 5; n += 1) project.put(`in/sub/${n}.csv`, `${n}\n`);
    await project.drain(async () => {});
  };

  it.each([
    { after: 'keep', target: TARGET, at: 'in/sub' },
    { after: 'move', target: MOVED, at: 'processed/sub' },
  ])('gets back exactly what it lacks, after: $after', async ({ target, at }) => {
    const project = await restored(target, loadLater);
    // Nothing but a reconciliation notices: the tracker has these files as loaded.
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2));
    });
    await opened(project, async (millrace) => {
      const { missing, double, orphan } = await reconcileAll(millrace, { repair: true });
      expect(missing.map((entry) => entry.split(': ')[0])).toEqual(
        [3, 4, 5].map((n) => `✓ s3://lake/${at}/${n}.csv`),
      );
      expect([double, orphan]).toEqual([[], []]);
      expect(await statusOf(millrace, T)).toMatchObject({ waiting: 3 });
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
    });
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2, 3, 4, 5));
      expect(await statusOf(millrace, T)).toMatchObject({ waiting: 0, quarantined: 0 });
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
      const { objects } = project.loader;
      for (let n = 3; n <= 5; n += 1)
        expect(await objects.head({ bucket: 'lake', key: `${at}/${n}.csv` })).toBeDefined();
    });
  });

  it('gets back a version of a key that was rewritten since, and moved', async () => {
    const project = await restored({ ...MOVED, onRewrite: 'reload' }, async (one) => {
      one.put('in/1.csv', '7\n');
      await one.drain(async () => {});
    });
    await opened(project, async (millrace) => {
      // As many bytes as the version that has a receipt.
      expect((await reconcileAll(millrace, { repair: true })).missing).toHaveLength(1);
    });
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2, 7));
      expect(await reconcileAll(millrace)).toEqual(NOTHING);
    });
  });

  it('does not take for lost what came by another way than the prefix, and was moved', async () => {
    const project = newProject(MOVED);
    await project.drain(async (millrace) => {
      project.put('history/1.csv', '1\n');
      const paths = [{ s3_path: 's3://lake/history/', table: T }];
      await millrace.bulk(JSON.stringify({ paths, copy: { options: 'FORMAT CSV' } }));
      await millrace.untilIdle();
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1));
      const moved = { bucket: 'lake', key: 'processed/history/1.csv' };
      expect(await project.loader.objects.head(moved)).toBeDefined();
      expect(await reconcileAll(millrace, { repair: true })).toEqual(NOTHING);
    });
  });

  it('leaves a newer object where it is, and says what to do with the older one', async () => {
    const project = await restored(MOVED, loadLater);
    project.put('in/sub/4.csv', '44\n');
    await opened(project, async (millrace) => {
      const { missing } = await reconcileAll(millrace, { repair: true });
      expect(missing.filter((entry) => !entry.startsWith('✓'))).toEqual([
        expect.stringMatching(/^s3:\/\/lake\/processed\/sub\/4\.csv: .*its place holds a newer version now/u),
      ]);
    });
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2, 3, 5, 44));
    });
  });

  it('is made ready by a repair when it knows nothing of the target but its table', async () => {
    const project = newProject(TARGET);
    project.put('in/a.csv', '1\n');
    await project.drain(async () => {});
    remove(project, 'warehouse.duckdb');
    await opened(project, async (millrace) => {
      expect((await reconcileAll(millrace, { repair: true })).missing).toHaveLength(1);
    });
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1));
    });
  });
});
