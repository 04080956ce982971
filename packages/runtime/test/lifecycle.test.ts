import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Beginning, ending, and being the only one. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

function newProject(): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER);',
    targets: { 'public.t': { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, maxFiles: 1 } },
  });
}

describe('a state directory', () => {
  it('has one loader: a second one is refused, by name, until the first one stops', async () => {
    const project = newProject();
    const first = await project.open();
    await expect(project.open()).rejects.toMatchObject({
      code: 'state-in-use',
      message: expect.stringContaining(`process ${process.pid}`),
      hint: expect.stringContaining('stop that process'),
    });
    await first.stop();
    const second = await project.open();
    await second.stop();
  });

  it('is given back when opening fails', async () => {
    const project = newProject();
    project.configure({
      targets: { 'public.missing': { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } } },
    });
    await expect(project.open()).rejects.toMatchObject({ code: 'target-table-missing' });
    await expect(project.open()).rejects.toMatchObject({ code: 'target-table-missing' });
  });
});

describe('a stop', () => {
  it('during a load finishes that load, begins no other, and leaves the rest waiting', async () => {
    const project = newProject();
    for (const n of [1, 2, 3]) project.put(`t/${n}.csv`, `${n}\n`);
    let submissions = 0;
    let submitted: () => void = () => {};
    const inHand = new Promise<void>((resolve) => {
      submitted = resolve;
    });
    const millrace = await project.open((loader) => ({
      ...loader,
      warehouse: replaceMethods(loader.warehouse, {
        submit: async (batch) => {
          submissions += 1;
          submitted();
          await new Promise((resolve) => setTimeout(resolve, 100));
          return loader.warehouse.submit(batch);
        },
      }),
    }));
    await millrace.start();
    await inHand;
    await Promise.all([millrace.stop(), millrace.stop()]);
    expect(submissions).toBe(1);
    const left = await project.open();
    expect(await statusOf(left, 'public.t')).toMatchObject({ loaded: 1, loading: 0, waiting: 2 });
    expect(await rowsOf(left, 'SELECT v FROM public.t')).toEqual([{ v: 1 }]);
    await left.stop();
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v')).toEqual([
        { v: 1 },
        { v: 2 },
        { v: 3 },
      ]);
    });
    expect(project.defects).toEqual([]);
  });

  it('that comes while a lane plans its job waits for that job too', async () => {
    const project = newProject();
    project.put('t/1.csv', '1\n');
    let planning: () => void = () => {};
    const plans = new Promise<void>((resolve) => {
      planning = resolve;
    });
    const millrace = await project.open((loader) => ({
      ...loader,
      warehouse: replaceMethods(loader.warehouse, {
        describeTable: async (table) => {
          planning();
          await new Promise((resolve) => setTimeout(resolve, 100));
          return loader.warehouse.describeTable(table);
        },
      }),
    }));
    await millrace.start();
    await plans;
    await millrace.stop();
    const after = await project.open();
    expect(await statusOf(after, 'public.t')).toMatchObject({ loaded: 1, waiting: 0 });
    await after.stop();
  });

  it('during a listing waits for it, and tells of no error', async () => {
    const project = newProject();
    for (let n = 0; n < 300; n += 1) project.put(`t/${n}.csv`, `${n}\n`);
    const millrace = await project.open((loader) => ({
      ...loader,
      objects: replaceMethods(loader.objects, {
        list: async function* (at) {
          for await (const object of loader.objects.list(at)) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            yield object;
          }
        },
      }),
    }));
    const started = millrace.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await millrace.stop();
    await started;
    expect(project.defects).toEqual([]);
  });
});
