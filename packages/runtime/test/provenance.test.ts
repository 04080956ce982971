import { afterEach, describe, expect, it } from 'vitest';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Every row tells by which load it came, and when. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const APPEND = { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, provenance: true };
const FILLED = 'id INTEGER, v INTEGER, _loaded_at TIMESTAMP, _job_id VARCHAR(26)';

function newProject(target: Readonly<Record<string, unknown>>, columns = FILLED): TestProject {
  return projects.make({
    tables: `CREATE TABLE public.t (${columns});`,
    targets: { 'public.t': target },
  });
}

/** The rows, and the n-th job that each names. */
async function rowsByJob(project: TestProject): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return project.drain(async (millrace) => {
    const jobs = (await project.loader.tracker.jobs('public.t', 10)).toReversed().map(({ id }) => id);
    const rows = await rowsOf(millrace, 'SELECT id, v, _job_id FROM public.t ORDER BY id, v');
    return rows.map(({ id, v, _job_id }) => ({ id, v, job: jobs.indexOf(String(_job_id)) }));
  });
}

describe('a target with provenance', () => {
  it('that appends names the load of each row', async () => {
    const project = newProject(APPEND);
    project.put('t/a.csv', '1,1\n2,1\n');
    await project.drain(async () => {});
    project.put('t/b.csv', '1,1\n');
    expect(await rowsByJob(project)).toEqual([
      { id: 1, v: 1, job: 0 },
      { id: 1, v: 1, job: 1 },
      { id: 2, v: 1, job: 0 },
    ]);
  });

  it.each([
    ['upsert', { latestBy: 'v' }, { id: 1, v: 2, job: 1 }],
    ['insert-only', {}, { id: 1, v: 1, job: 0 }],
  ])('that merges by %s names the load of the winning row', async (mode, order, winner) => {
    const project = newProject({ ...APPEND, mode, key: 'id', ...order });
    project.put('t/a.csv', '1,1\n2,5\n');
    await project.drain(async () => {});
    project.put('t/b.csv', '1,2\n2,5\n3,1\n');
    expect(await rowsByJob(project)).toEqual([winner, { id: 2, v: 5, job: 0 }, { id: 3, v: 1, job: 1 }]);
  });

  it('tells when the load was planned, in UTC', async () => {
    const project = newProject(APPEND);
    project.put('t/a.csv', '1,1\n');
    const before = Date.now();
    await project.drain(async (millrace) => {
      const [row] = await rowsOf(
        millrace,
        "SELECT DATEDIFF('ms', TIMESTAMP '1970-01-01 00:00:00', _loaded_at) AS at FROM public.t",
      );
      expect(Number(row?.at)).toBeGreaterThanOrEqual(before);
      expect(Number(row?.at)).toBeLessThanOrEqual(Date.now());
    });
  });

  it('finds the file and the line of a NULL that the table refuses', async () => {
    const project = newProject(APPEND, FILLED.replace('v INTEGER', 'v INTEGER NOT NULL'));
    project.put('t/a.csv', '1,1\n');
    project.put('t/bad.csv', '1,1\n2,\n');
    await project.drain(async (millrace) => {
      expect(await millrace.failures({})).toMatchObject([
        { url: 's3://lake/t/bad.csv', state: 'quarantined', line: 2 },
      ]);
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, quarantined: 1 });
    });
  });

  it.each([
    ['_job_id VARCHAR(26)', '_job_id VARCHAR(10)', 'VARCHAR(26)'],
    ['_loaded_at TIMESTAMP', '_loaded_at VARCHAR(40)', 'TIMESTAMP'],
  ])('refuses a table whose %s is %s', async (right, wrong, type) => {
    const project = newProject(APPEND, FILLED.replace(right, wrong));
    await expect(project.open()).rejects.toMatchObject({
      code: 'provenance-columns-wrong',
      hint: `make it a column of type ${type} by a migration`,
    });
  });

  it('says what to do when its table lacks the columns', async () => {
    const project = newProject(APPEND, 'id INTEGER, v INTEGER, _loaded_at TIMESTAMP');
    await expect(project.open()).rejects.toMatchObject({
      code: 'provenance-columns-missing',
      message: "targets.public.t: 'provenance' fills '_job_id', which public.t does not have",
      hint: 'add by a migration: ALTER TABLE public.t ADD COLUMN _job_id VARCHAR(26);',
    });
  });
});
