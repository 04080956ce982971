import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { intake, keyIdOf, type Loader, ledgerOf } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** A key that was loaded and is written again takes the place of its old version: old rows or new ones, never both. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const REPLACE = {
  mode: 'append',
  from: 's3://lake/t/',
  format: { kind: 'csv' },
  provenance: true,
  onRewrite: 'replace',
};

function newProject(
  target: Readonly<Record<string, unknown>> = {},
  columns = 'id INTEGER, v INTEGER, _loaded_at TIMESTAMP, _job_id VARCHAR(26)',
): TestProject {
  return projects.make({
    tables: `CREATE TABLE public.t (${columns});`,
    targets: { 'public.t': { ...REPLACE, ...target } },
  });
}

async function valuesOf(millrace: Millrace): Promise<readonly number[]> {
  return (await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v')).map(({ v }) => Number(v));
}

/** Three files in one load: a has 1 and 2, b has 3, c has 4. */
async function loadThree(project: TestProject): Promise<void> {
  project.put('t/a.csv', '1,1\n1,2\n');
  project.put('t/b.csv', '1,3\n');
  project.put('t/c.csv', '1,4\n');
  await project.drain(async (millrace) => {
    expect(await valuesOf(millrace)).toEqual([1, 2, 3, 4]);
    expect(await project.loader.tracker.jobs('public.t', 10)).toHaveLength(1);
  });
}

/** What the target comes to: the values in it; `loaded` as the status says, nothing waiting, nothing put aside. */
async function expectValues(
  project: TestProject,
  values: readonly number[],
  loaded: number,
  instrument?: (loader: Loader) => Loader,
): Promise<void> {
  await project.drain(async (millrace) => {
    expect(await valuesOf(millrace)).toEqual(values);
    expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded, waiting: 0, quarantined: 0 });
    expect(await millrace.reconcile({ repair: false, cursor: null })).toMatchObject({
      missing: [],
      double: [],
      orphan: [],
    });
  }, instrument);
  expect(project.defects).toEqual([]);
}

/** Its file stays out, for this reason, and the table is as it was. */
async function expectRefused(
  project: TestProject,
  reason: RegExp,
  values: readonly number[] = [1, 2, 3, 4],
  instrument?: (loader: Loader) => Loader,
): Promise<void> {
  await project.drain(async (millrace) => {
    expect(await millrace.failures({})).toMatchObject([
      {
        url: 's3://lake/t/a.csv',
        state: 'quarantined',
        code: 'rewritten',
        error: expect.stringMatching(reason),
      },
    ]);
    expect(await valuesOf(millrace)).toEqual(values);
  }, instrument);
}

describe('a key that is written again', () => {
  it('is loaded in the place of its old version, with the other files of its load', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    await expectValues(project, [3, 4, 10], 3);
    project.put('t/a.csv', '1,20\n1,21\n');
    await expectValues(project, [3, 4, 20, 21], 3);
  });

  it('and gets its first bytes back has these again', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    await expectValues(project, [3, 4, 10], 3);
    project.put('t/a.csv', '1,1\n1,2\n');
    await expectValues(project, [1, 2, 3, 4], 3);
  });

  it('is loaded at once with another one of the same load', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    project.put('t/c.csv', '1,40\n');
    await expectValues(project, [3, 10, 40], 3);
    expect(await jobCount(project)).toBe(2);
  });

  it('takes another one along that nobody has announced yet', async () => {
    const project = newProject();
    await loadThree(project);
    const millrace = await project.open();
    project.put('t/a.csv', '1,10\n');
    project.put('t/c.csv', '1,40\n');
    const { loader } = project;
    const info = await loader.objects.head({ bucket: 'lake', key: 't/a.csv' });
    if (info === undefined) throw new Error('the file is not there');
    await intake(loader, [info]);
    await millrace.stop();
    await expectValues(project, [3, 10, 40], 3);
  });

  it('needs more files than a load may have, and gets them', async () => {
    const project = newProject();
    await loadThree(project);
    project.configure({ targets: { 'public.t': { ...REPLACE, maxFiles: 1 } } });
    project.put('t/a.csv', '1,10\n');
    await expectValues(project, [3, 4, 10], 3);
  });

  it('does not keep new files from being loaded, nor they it', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    project.put('t/d.csv', '1,5\n');
    project.put('t/e.csv', '1,6\n');
    await expectValues(project, [3, 4, 5, 6, 10], 5);
  });

  it('twice, in loads of their own, replaces each by itself', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/d.csv', '1,5\n');
    await expectValues(project, [1, 2, 3, 4, 5], 4);
    project.put('t/a.csv', '1,10\n');
    project.put('t/d.csv', '1,50\n');
    await expectValues(project, [3, 4, 10, 50], 4);
  });

  it('replaces all versions that were added before it was told to replace', async () => {
    const project = newProject({ onRewrite: 'reload' });
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    project.put('t/d.csv', '1,5\n');
    await project.drain(async (millrace) => expect(await valuesOf(millrace)).toEqual([1, 2, 3, 4, 5, 10]));
    project.configure({ targets: { 'public.t': REPLACE } });
    project.put('t/a.csv', '1,20\n');
    await expectValues(project, [3, 4, 5, 20], 4);
  });

  it('is loaded as announced when the target pins, and no pin is left', async () => {
    const project = newProject({ pin: true });
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    await expectValues(project, [3, 4, 10], 3);
    const pins: string[] = [];
    const millrace = await project.open();
    for await (const { key } of project.loader.objects.list({ bucket: 'millrace', prefix: 'pins/' })) {
      pins.push(key);
    }
    await millrace.stop();
    expect(pins).toEqual([]);
  });
});

async function jobCount(project: TestProject): Promise<number> {
  const millrace = await project.open();
  const jobs = await project.loader.tracker.jobs('public.t', 100);
  await millrace.stop();
  return jobs.length;
}

describe('a replacement is refused, and the old rows stay,', () => {
  it('when another file of the load is gone; and done when it is back', async () => {
    const project = newProject();
    await loadThree(project);
    rmSync(project.path('t/b.csv'));
    project.put('t/a.csv', '1,10\n');
    await expectRefused(project, /b\.csv, which the same load brought, is not in the object store any more/u);
    project.put('t/b.csv', '1,3\n');
    await project.drain(async (millrace) => {
      expect(await millrace.redrive({ target: 'public.t' })).toEqual({ redriven: 1 });
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

describe('a replacement holds', () => {
  const receiptsOf = async (loader: Loader): Promise<number> => {
    const { schema, name } = ledgerOf('public.t').receipts;
    const sql = `SELECT COUNT(*) AS n FROM ${schema}.${name} WHERE kind = 'load'`;
    return Number((await loader.warehouse.query(sql)).rows[0]?.n);
  };

  it('when it is announced twice, and the old version once more, late', async () => {
    const project = newProject();
    await loadThree(project);
    const millrace = await project.open();
    const { loader } = project;
    const place = { bucket: 'lake', key: 't/a.csv' };
    const old = await loader.objects.head(place);
    project.put('t/a.csv', '1,10\n');
    const now = await loader.objects.head(place);
    if (old === undefined || now === undefined) throw new Error('the file is not there');
    await intake(loader, [now, now]);
    await millrace.start();
    await millrace.untilIdle();
    await intake(loader, [now, old]);
    await millrace.untilIdle();
    expect(await valuesOf(millrace)).toEqual([3, 4, 10]);
    expect(await receiptsOf(loader)).toBe(3);
    expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 3, waiting: 0, quarantined: 0 });
    await millrace.stop();
  });

  it('when the tracker is lost before it', async () => {
    const project = newProject();
    await loadThree(project);
    forgetTracker(project);
    project.put('t/a.csv', '1,10\n');
    await expectValues(project, [3, 4, 10], 3);
  });

  it('when the tracker is lost after it', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    await expectValues(project, [3, 4, 10], 3);
    forgetTracker(project);
    await expectValues(project, [3, 4, 10], 3);
  });

  it('when the reply of its submission is lost, and it is sent twice', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    let submissions = 0;
    await expectValues(project, [3, 4, 10], 3, (loader) => ({
      ...loader,
      warehouse: replaceMethods(loader.warehouse, {
        submit: async (batch) => {
          submissions += 1;
          if (submissions > 1) return loader.warehouse.submit(batch);
          await loader.warehouse.submit(batch);
          // Under another token it is not the same submission: the guard is what is left.
          return loader.warehouse.submit({ ...batch, clientToken: `${batch.clientToken.slice(1)}x` });
        },
      }),
    }));
  });

  it('when another file of the load is rewritten between the look and COPY', async () => {
    const project = newProject();
    await loadThree(project);
    project.put('t/a.csv', '1,10\n');
    let isRewritten = false;
    await expectValues(project, [3, 10, 40], 3, (loader) => ({
      ...loader,
      warehouse: replaceMethods(loader.warehouse, {
        submit: (batch) => {
          if (!isRewritten) project.put('t/c.csv', '1,40\n');
          isRewritten = true;
          return loader.warehouse.submit(batch);
        },
      }),
    }));
  });
});

function forgetTracker(project: TestProject): void {
  for (const end of ['', '-wal', '-shm']) {
    rmSync(join(project.directory, '.millrace', `tracker.db${end}`), { force: true });
  }
}
