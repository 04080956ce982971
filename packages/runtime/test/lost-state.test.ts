import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerOf } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { BACKUP_FILES } from '../src/back-up.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** The tracker proves nothing: without it, or with an old one, nothing is loaded twice and nothing is forgotten. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const TARGET = { mode: 'append', from: 's3://lake/in/', format: { kind: 'csv' } };
const KEPT_AND_MOVED = [
  { after: 'keep', target: TARGET },
  { after: 'move', target: { ...TARGET, after: 'move', processedPrefix: 's3://lake/processed/' } },
] as const;

function newProject(target: Readonly<Record<string, unknown>>): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER);',
    targets: { 'public.t': target },
  });
}

const VALUES = 'SELECT v FROM public.t ORDER BY v';
const valuesOf = (...values: number[]) => values.map((v) => ({ v }));
const stateOf = (project: TestProject, name: string): string => join(project.directory, '.millrace', name);

function remove(project: TestProject, ...names: readonly string[]): void {
  for (const name of names)
    for (const suffix of ['', '-wal', '-shm', '.wal'])
      rmSync(stateOf(project, name + suffix), { force: true });
}

describe.each(KEPT_AND_MOVED)('a tracker that is deleted between two runs, after: $after', ({ target }) => {
  it('costs nothing: what is loaded stays loaded, what came is loaded', async () => {
    const project = newProject(target);
    project.put('in/a.csv', '1\n');
    project.put('in/b.csv', '2\n');
    await project.drain(async () => {});
    remove(project, 'tracker.db', 'wakes.db', 'etags.db');
    project.put('in/c.csv', '3\n');
    // Also one that a mover lost, and that the new tracker has never heard of.
    project.put('in/a.csv', '1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2, 3));
      expect(await statusOf(millrace, 'public.t')).toMatchObject({
        state: 'idle',
        waiting: 0,
        loaded: 3,
        quarantined: 0,
      });
    });
    expect(existsSync(project.path('in/a.csv'))).toBe(!('after' in target));
  });

  it('gets its fence back from the receipts', async () => {
    const project = newProject(target);
    project.put('in/a.csv', '1\n');
    await project.drain(async () => {});
    const before = await fenceOf(project);
    remove(project, 'tracker.db');
    project.put('in/b.csv', '2\n');
    await project.drain(async () => {});
    expect(await fenceOf(project)).toBeGreaterThan(before);
  });
});

async function fenceOf(project: TestProject): Promise<number> {
  return project.drain(async () => (await project.loader.tracker.lane('public.t')).fence);
}

describe('a backup', () => {
  it('that is restored lacks nothing and has nothing twice, and what it lacks comes back', async () => {
    const project = newProject(TARGET);
    for (let n = 1; n <= 3; n += 1) project.put(`in/${n}.csv`, `${n}\n`);
    const backup = join(project.directory, 'backup');
    await project.drain(async (millrace) => {
      await millrace.backup(backup);
    });
    for (let n = 4; n <= 6; n += 1) project.put(`in/${n}.csv`, `${n}\n`);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2, 3, 4, 5, 6));
    });

    remove(project, ...Object.values(BACKUP_FILES), 'wakes.db', 'etags.db');
    for (const name of Object.values(BACKUP_FILES)) copyFileSync(join(backup, name), stateOf(project, name));
    project.put('in/7.csv', '7\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2, 3, 4, 5, 6, 7));
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ waiting: 0, loaded: 7, quarantined: 0 });
    });
  });

  it('that is taken while a job runs is consistent: the files of the job are waiting, or have receipts', async () => {
    const project = newProject({ ...TARGET, maxFiles: 5 });
    for (let n = 1; n <= 40; n += 1) project.put(`in/${String(n).padStart(2, '0')}.csv`, `${n}\n`);
    const millrace = await project.open();
    await millrace.start();
    const idle = millrace.untilIdle();
    const directories = [1, 2, 3].map((n) => join(project.directory, `backup-${n}`));
    for (const directory of directories) await millrace.backup(directory);
    await idle;
    await millrace.stop();
    for (const directory of directories) {
      remove(project, ...Object.values(BACKUP_FILES), 'wakes.db');
      for (const name of Object.values(BACKUP_FILES)) {
        copyFileSync(join(directory, name), stateOf(project, name));
      }
      await project.drain(async (restored) => {
        expect(await rowsOf(restored, VALUES)).toEqual(
          valuesOf(...Array.from({ length: 40 }, (_, n) => n + 1)),
        );
      });
    }
  });
});

it('deletes no object on the word of the tracker alone, when the warehouse has lost its rows', async () => {
  const project = newProject({ ...TARGET, after: 'delete' });
  const { receipts } = ledgerOf('public.t');
  project.put('in/a.csv', '1\n');
  await project.drain(async (millrace) => {
    await millrace.query(`DELETE FROM ${receipts.schema}.${receipts.name}`);
    await millrace.query('DELETE FROM public.t');
  });
  expect(existsSync(project.path('in/a.csv'))).toBe(false);
  // The same bytes once more: the tracker takes them for loaded, and nothing else does.
  project.put('in/a.csv', '1\n');
  await project.drain(async () => {});
  expect(existsSync(project.path('in/a.csv'))).toBe(true);
});
