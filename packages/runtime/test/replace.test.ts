import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { intake, type Loader, ledgerOf } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { expectValues, loadThree, REPLACE, replaceProject, valuesOf } from './replace-project.ts';
import { statusOf, type TestProject, TestProjects } from './test-project.ts';

/** A key that was loaded and is written again takes the place of its old version: old rows or new ones, never both. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const newProject = (target: Readonly<Record<string, unknown>> = {}): TestProject =>
  replaceProject(projects, target);

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

  it.each(['forgetLoaded', 'markLoaded', 'putLane'] as const)(
    'when it has committed and settling it breaks at %s',
    async (method) => {
      const project = newProject();
      await loadThree(project);
      project.put('t/a.csv', '1,10\n');
      let isCommitted = false;
      let isBroken = false;
      const breakOnce = (): void => {
        if (!isCommitted || isBroken) return;
        isBroken = true;
        throw new Error('the tracker is away');
      };
      await project.drain(
        async (millrace) => expect(await valuesOf(millrace)).toEqual([3, 4, 10]),
        (loader) => ({
          ...loader,
          warehouse: replaceMethods(loader.warehouse, {
            describe: async (statement, options) => {
              const status = await loader.warehouse.describe(statement, options);
              isCommitted ||= status.state === 'finished';
              return status;
            },
          }),
          tracker: replaceMethods(loader.tracker, {
            [method]: async (...given: never[]) => {
              breakOnce();
              return (loader.tracker[method] as (...given: never[]) => Promise<never>)(...given);
            },
          }),
        }),
      );
      expect(isBroken).toBe(true);
      project.put('t/a.csv', '1,1\n1,2\n');
      project.defects.splice(0);
      await expectValues(project, [1, 2, 3, 4], 3);
    },
  );

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
