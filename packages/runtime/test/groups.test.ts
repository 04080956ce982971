import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Targets of a group are loaded by one transaction: what is due together is seen together. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const FACTS = { mode: 'append', from: 's3://lake/facts/', format: { kind: 'csv' }, group: 'sales' };
const DIMENSIONS = {
  mode: 'upsert',
  key: 'id',
  latestBy: 'at',
  from: 's3://lake/dims/',
  format: { kind: 'csv' },
  group: 'sales',
};

function newProject(facts: Readonly<Record<string, unknown>> = {}): TestProject {
  return projects.make({
    tables:
      'CREATE TABLE public.facts (id INTEGER, v INTEGER); CREATE TABLE public.dims (id INTEGER, name VARCHAR(20), at INTEGER);',
    targets: { 'public.facts': { ...FACTS, ...facts }, 'public.dims': DIMENSIONS },
  });
}

const SUMS =
  'SELECT (SELECT COUNT(*) FROM public.facts) AS facts, (SELECT COUNT(*) FROM public.dims) AS dims';

describe('a group', () => {
  it('loads the files of its targets by one job', async () => {
    const project = newProject();
    project.put('facts/a.csv', '1,10\n2,20\n');
    project.put('facts/b.csv', '1,11\n');
    project.put('dims/a.csv', '1,one,1\n2,two,1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 3, dims: 2 }]);
      expect(await statusOf(millrace, 'public.facts')).toMatchObject({ loaded: 2, rows: 3, waiting: 0 });
      expect(await statusOf(millrace, 'public.dims')).toMatchObject({ loaded: 1, rows: 2, waiting: 0 });
      expect(await project.loader.tracker.jobs('public.dims', 9)).toMatchObject([{ files: 3 }]);
      expect(await millrace.reconcile({ repair: false, cursor: null })).toMatchObject({
        missing: [],
        double: [],
        orphan: [],
      });
    });
    expect(project.defects).toEqual([]);
  });

  it('shows each target its jobs, and when it was loaded', async () => {
    const project = newProject();
    project.put('facts/a.csv', '1,10\n');
    project.put('dims/a.csv', '1,one,1\n');
    await project.drain(async (millrace) => {
      const jobs = await millrace.jobs({ limit: 9 });
      expect(jobs).toMatchObject([{ state: 'loaded', files: 2 }]);
      expect(await millrace.jobs({ target: 'public.facts', limit: 9 })).toEqual(jobs);
      expect(await millrace.jobs({ target: 'public.dims', limit: 9 })).toEqual(jobs);
      const loadedAt = jobs[0]?.settledAt;
      expect(loadedAt).not.toBe(jobs[0]?.submittedAt);
      expect(await statusOf(millrace, 'public.facts')).toMatchObject({ lastLoadedAt: loadedAt });
      expect(await statusOf(millrace, 'public.dims')).toMatchObject({ lastLoadedAt: loadedAt });
    });
  });

  it('loads what there is when one of its targets has nothing', async () => {
    const project = newProject();
    project.put('dims/a.csv', '1,one,1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 0, dims: 1 }]);
    });
    project.put('facts/a.csv', '1,10\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 1, dims: 1 }]);
      expect(await statusOf(millrace, 'public.facts')).toMatchObject({ loaded: 1, waiting: 0 });
    });
  });

  it('puts a bad file of one target aside, and the rest goes on together', async () => {
    const project = newProject();
    project.put('facts/a.csv', '1,10\n');
    project.put('dims/bad.csv', 'x,one,1\n');
    project.put('dims/good.csv', '1,one,1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 1, dims: 1 }]);
      expect(await millrace.failures({})).toMatchObject([
        { target: 'public.dims', url: 's3://lake/dims/bad.csv', state: 'quarantined' },
      ]);
    });
    project.put('dims/bad.csv', '2,two,1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 1, dims: 2 }]);
    });
    expect(project.defects).toEqual([]);
  });

  it('holds a rewritten key of a target that appends, and only that', async () => {
    const project = newProject();
    project.put('facts/a.csv', '1,10\n');
    project.put('dims/a.csv', '1,one,1\n');
    await project.drain(async () => undefined);
    project.put('facts/a.csv', '1,99\n');
    project.put('dims/b.csv', '2,two,1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 1, dims: 2 }]);
      expect(await millrace.failures({})).toMatchObject([{ code: 'rewritten', target: 'public.facts' }]);
    });
  });

  it('goes on without a file that is gone', async () => {
    const project = newProject();
    project.put('facts/a.csv', '1,10\n');
    project.put('dims/a.csv', '1,one,1\n');
    const millrace = await project.open();
    await millrace.start();
    await millrace.stop();
    rmSync(project.path('facts/a.csv'));
    await project.drain(async (again) => {
      expect(await rowsOf(again, 'SELECT COUNT(*) AS dims FROM public.dims')).toEqual([{ dims: 1 }]);
      expect(await statusOf(again, 'public.dims')).toMatchObject({ waiting: 0 });
    });
  });

  it('is paused and resumed as a whole', async () => {
    const project = newProject();
    const millrace = await project.open();
    await millrace.start();
    try {
      await millrace.pause({ target: 'public.facts', by: 'a test', why: 'for a look' });
      project.put('dims/a.csv', '1,one,1\n');
      await millrace.untilIdle();
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 0, dims: 0 }]);
      expect(await statusOf(millrace, 'public.dims')).toMatchObject({ state: 'paused', waiting: 1 });
      await millrace.resume({ target: 'public.dims' });
      await millrace.untilIdle();
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 0, dims: 1 }]);
    } finally {
      await millrace.stop();
    }
  });
});

it('is shown with the SQL of all of its targets', async () => {
  const project = newProject();
  await project.drain(async (millrace) => {
    await millrace.pause({ target: 'public.facts', by: 'a test', why: 'for a look' });
    project.put('facts/a.csv', '1,10\n');
    project.put('dims/a.csv', '1,one,1\n');
    await expect
      .poll(async () => (await millrace.plan('public.facts')).nextJob)
      .toMatchObject({ files: 2, isExample: false });
    const { statements, lane } = await millrace.plan('public.facts');
    const text = statements.join('\n');
    expect(text.match(/LOCK TABLE/gu)).toHaveLength(2);
    expect(text.match(/^COPY "/gmu)).toHaveLength(2);
    expect(lane).toContain('loaded together with public.dims in the lane of public.dims');
  });
});
