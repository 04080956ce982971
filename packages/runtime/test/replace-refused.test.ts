import { rmSync } from 'node:fs';
import { keyIdOf, type Loader, ledgerOf, pruneReceipts } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import {
  expectRefused,
  expectValues,
  loadThree,
  REPLACE,
  replaceProject,
  valuesOf,
} from './replace-project.ts';
import { type TestProject, TestProjects } from './test-project.ts';

/** Rows are deleted only when they can be brought back: else the new version is put aside, with the reason. */

const DAY_MS = 24 * 60 * 60_000;

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const newProject = (target: Readonly<Record<string, unknown>> = {}): TestProject =>
  replaceProject(projects, target);

describe('a replacement is refused, and the old rows stay,', () => {
  it('when another file of the load is gone; and done when it is back', async () => {
    const project = newProject();
    await loadThree(project);
    rmSync(project.path('t/b.csv'));
    project.put('t/a.csv', '1,10\n');
    await expectRefused(project, /b\.csv, which the same load brought, is not in the object store any more/u);
    project.put('t/b.csv', '1,3\n');
    await project.drain(async (millrace) => {
      expect(await millrace.redrive({ target: 'public.t' })).toMatchObject({ redriven: 1 });
      await millrace.untilIdle();
    });
    await expectValues(project, [3, 4, 10], 3);
  });

  it('when the new version is bad, which then tells where', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n1,x\n');
    await project.drain(async (millrace) => {
      expect(await millrace.failures({})).toMatchObject([
        { url: 's3://lake/t/a.csv', state: 'quarantined', line: 2 },
      ]);
      expect(await valuesOf(millrace)).toEqual([1, 2, 3, 4]);
    });
    project.put('t/a.csv', '1,10\n');
    await expectValues(project, [3, 4, 10], 3);
  });

  it('when another file of the load was rewritten too, and is bad', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/c.csv', '1,x\n');
    await project.drain(async (millrace) => expect(await valuesOf(millrace)).toEqual([1, 2, 3, 4]));
    project.put('t/a.csv', '1,10\n');
    await project.drain(async (millrace) => {
      const failures = await millrace.failures({});
      expect(failures.map(({ url }) => url).toSorted()).toEqual(['s3://lake/t/a.csv', 's3://lake/t/c.csv']);
      expect(failures.find(({ url }) => url === 's3://lake/t/a.csv')?.error).toMatch(
        /c\.csv, which the same load brought, was rewritten as well, and is quarantined itself/u,
      );
      expect(await valuesOf(millrace)).toEqual([1, 2, 3, 4]);
    });
  });

  it('when somebody has deleted rows of the load: they would come back', async () => {
    const project = newProject();
    await loadThree(project);
    await project.drain(async (millrace) => {
      await millrace.query('DELETE FROM public.t WHERE v = 3');
    });
    project.put('t/a.csv', '1,10\n');
    await expectRefused(project, /brought 4 rows, and 3 of them are in the table/u, [1, 2, 4]);
  });

  it('when receipts as old as those of the load were pruned: one of its files may be forgotten', async () => {
    const project = newProject();
    await loadThree(project);
    await project.drain(async () => {
      rmSync(project.path('t/b.csv'));
      const later: Loader = { ...project.loader, now: () => Date.now() + 100 * DAY_MS };
      const request = { target: 'public.t', olderThanMs: 90 * DAY_MS, dryRun: false, after: null };
      expect(await pruneReceipts(later, request)).toMatchObject({ pruned: 1, kept: 2 });
    });
    project.put('t/a.csv', '1,10\n');
    await expectRefused(project, /is older than the receipts that were pruned/u);
  });

  it('when the load was made without provenance', async () => {
    const project = newProject({ provenance: false, onRewrite: 'quarantine', columns: ['id', 'v'] });
    await loadThree(project);
    project.configure({ targets: { 'public.t': REPLACE } });
    project.put('t/a.csv', '1,10\n');
    await expectRefused(project, /brought 4 rows, and 0 of them are in the table/u);
  });
});

describe('a replacement that was planned does not commit', () => {
  /** Once, when it is sent, this comes before it. */
  const before =
    (meddle: (loader: Loader) => Promise<unknown>): ((loader: Loader) => Loader) =>
    (loader) => {
      let isDone = false;
      return {
        ...loader,
        settings: { ...loader.settings, retry: { maxAttempts: 3, baseMs: 10, capMs: 10 } },
        warehouse: replaceMethods(loader.warehouse, {
          submit: async (batch) => {
            if (!isDone) await meddle(loader);
            isDone = true;
            return loader.warehouse.submit(batch);
          },
        }),
      };
    };

  it('when somebody has deleted rows since', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    const meddle = before(({ warehouse }) => warehouse.query('DELETE FROM public.t WHERE v = 3'));
    await expectRefused(project, /brought 4 rows, and 3 of them are in the table/u, [1, 2, 4], meddle);
    expect(project.events).toContainEqual(
      expect.objectContaining({ kind: 'job-failed', code: 'guard-replaced' }),
    );
  });

  it('when another load has brought a version of the key since', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    const { schema, name } = ledgerOf('public.t').receipts;
    const keyId = keyIdOf({ bucket: 'lake', key: 't/a.csv' });
    const meddle = before(({ warehouse }) =>
      warehouse.query(`INSERT INTO ${schema}.${name}
        VALUES ('f', '${keyId}', 's3://lake/t/a.csv', 'e', 1, 'load', 'ANOTHER', 1, 9, 1, GETDATE())`),
    );
    await expectRefused(project, /brought 5 rows, and 4 of them are in the table/u, [1, 2, 3, 4], meddle);
    expect(project.events).toContainEqual(
      expect.objectContaining({ kind: 'job-failed', code: 'guard-rewritten' }),
    );
  });
});
