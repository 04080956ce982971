import type { Loader } from '@millrace/core';
import { expect } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { rowsOf, statusOf, type TestProject, type TestProjects } from './test-project.ts';

/** A target that replaces what was rewritten, and what is expected of it. */

export const REPLACE = {
  mode: 'append',
  from: 's3://lake/t/',
  format: { kind: 'csv' },
  provenance: true,
  onRewrite: 'replace',
};

export function replaceProject(
  projects: TestProjects,
  target: Readonly<Record<string, unknown>> = {},
  columns = 'id INTEGER, v INTEGER, _loaded_at TIMESTAMP, _job_id VARCHAR(26)',
): TestProject {
  return projects.make({
    tables: `CREATE TABLE public.t (${columns});`,
    targets: { 'public.t': { ...REPLACE, ...target } },
  });
}

export async function valuesOf(millrace: Millrace): Promise<readonly number[]> {
  return (await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v')).map(({ v }) => Number(v));
}

/** Three files in one load: a has 1 and 2, b has 3, c has 4. */
export async function loadThree(project: TestProject): Promise<void> {
  project.put('t/a.csv', '1,1\n1,2\n');
  project.put('t/b.csv', '1,3\n');
  project.put('t/c.csv', '1,4\n');
  await project.drain(async (millrace) => {
    expect(await valuesOf(millrace)).toEqual([1, 2, 3, 4]);
    expect(await project.loader.tracker.jobs('public.t', 10)).toHaveLength(1);
  });
}

/** What the target comes to: the values in it; `loaded` as the status says, nothing waiting, nothing put aside. */
export async function expectValues(
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
export async function expectRefused(
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
