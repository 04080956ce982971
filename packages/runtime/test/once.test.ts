import { execFileSync } from 'node:child_process';
import { readFileSync, utimesSync } from 'node:fs';
import { intake, ledgerOf, listFiles } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { rowsOf, statusOf, TestProjects } from './test-project.ts';

/** However often, and by whomever, the same bytes under the same key are announced: they are loaded once. */

const TARGET = 'public.t';
const RECEIPTS = `SELECT COUNT(*) AS n FROM ${ledgerOf(TARGET).receipts.schema}.${ledgerOf(TARGET).receipts.name}`;

const projects = new TestProjects();
afterEach(() => projects.removeAll());

function newProject() {
  return projects.make({
    tables: 'CREATE TABLE public.t (id INTEGER, name VARCHAR(10));',
    targets: { [TARGET]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } } },
  });
}

describe('a file is loaded once', () => {
  it('that is announced ten times, listed twice and seen by the watcher, all at once', async () => {
    const project = newProject();
    const millrace = await project.open();
    const { loader } = project;
    await millrace.start();
    project.put('t/a.csv', '1,a\n');
    const info = await loader.objects.head({ bucket: 'lake', key: 't/a.csv' });
    if (info === undefined) throw new Error('the file is not there');
    await Promise.all([
      ...Array.from({ length: 10 }, (_, n) =>
        // Notifications quote the ETag, and every one has its own time.
        intake(loader, [{ ...info, etag: n % 2 === 0 ? `"${info.etag}"` : info.etag, writtenAt: n }]),
      ),
      listFiles(loader),
      listFiles(loader),
      millrace.untilIdle(),
    ]);
    await intake(loader, [info]);
    await millrace.untilIdle();
    expect(await rowsOf(millrace, 'SELECT id FROM public.t')).toEqual([{ id: 1 }]);
    expect(await rowsOf(millrace, RECEIPTS)).toEqual([{ n: 1 }]);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ loaded: 1, rows: 1, waiting: 0, superseded: 0 });
    await millrace.stop();
    expect(project.defects).toEqual([]);
  });

  it('that is touched, renamed over with the same bytes, and written again by another process', async () => {
    const project = newProject();
    const millrace = await project.open();
    await millrace.start();
    const path = project.path('t/a.csv');
    const writes = [
      () => project.put('t/a.csv', '1,a\n'),
      () => utimesSync(path, new Date(), new Date()),
      () => project.put('t/a.csv', '1,a\n'),
      () =>
        execFileSync(process.execPath, [
          '-e',
          `require('node:fs').writeFileSync(${JSON.stringify(path)}, '1,a\\n')`,
        ]),
    ];
    for (const write of writes) {
      write();
      await millrace.untilIdle();
    }
    expect(readFileSync(path, 'utf8')).toBe('1,a\n');
    expect(await rowsOf(millrace, 'SELECT id FROM public.t')).toEqual([{ id: 1 }]);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ loaded: 1, quarantined: 0, superseded: 0 });
    await millrace.stop();
    await project.drain(async (again) => {
      expect(await rowsOf(again, RECEIPTS)).toEqual([{ n: 1 }]);
    });
  });

  it('and the same bytes under two keys are two files', async () => {
    const project = newProject();
    project.put('t/a.csv', '1,a\n');
    project.put('t/b.csv', '1,a\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM public.t')).toEqual([{ n: 2 }]);
    });
  });
});
