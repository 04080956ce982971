import { expect } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { rowsOf, statusOf, type TestProject, type TestProjects } from './test-project.ts';

/** A target that is loaded partition by partition, and what is expected of it. */

export const PARTITIONED = {
  mode: 'replace-partition',
  from: 's3://lake/t/',
  partition: 'dt={dt}/',
  ready: { quiet: '1h' },
  format: { kind: 'csv' },
};

/** Rows are tied to their partition by a column of the table that the files do not have. */
export const BY_COLUMN = { ...PARTITIONED, partitionBy: 'dt' };

export function partitionProject(
  projects: TestProjects,
  target: Readonly<Record<string, unknown>> = {},
  columns = 'v INTEGER, dt DATE, _partition VARCHAR(1200)',
): TestProject {
  return projects.make({
    tables: `CREATE TABLE public.t (${columns});`,
    targets: { 'public.t': { ...PARTITIONED, columns: ['v'], ...target } },
  });
}

/** The values of each day, in order: `2026-11-20: 1 2`. */
export async function daysOf(millrace: Millrace): Promise<readonly string[]> {
  const rows = await rowsOf(
    millrace,
    'SELECT COALESCE(CAST(dt AS VARCHAR), _partition) AS day, v FROM public.t ORDER BY 1, 2',
  );
  const days = Map.groupBy(rows, ({ day }) => String(day));
  return [...days].map(([day, values]) => `${day}: ${values.map(({ v }) => v).join(' ')}`);
}

/** All is loaded: these days, of so many files. */
export async function expectDays(
  project: TestProject,
  days: readonly string[],
  loaded: number,
): Promise<void> {
  await project.drain(async (millrace) => {
    expect(await daysOf(millrace)).toEqual(days);
    expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded, waiting: 0, quarantined: 0 });
    expect(await millrace.reconcile({ repair: false, cursor: null })).toMatchObject({
      missing: [],
      double: [],
      orphan: [],
    });
  });
  expect(project.defects).toEqual([]);
}

/** How often a partition was replaced, as the warehouse has it. */
export async function generationOf(project: TestProject, prefix: string): Promise<number | undefined> {
  return project.drain(async (millrace) => {
    const [table] = await rowsOf(
      millrace,
      "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'receipts_public_t_%'",
    );
    const rows = await rowsOf(
      millrace,
      `SELECT size FROM millrace.${String(table?.table_name)} WHERE kind = 'part' AND url = '${prefix}'`,
    );
    return rows[0] === undefined ? undefined : Number(rows[0].size);
  });
}
