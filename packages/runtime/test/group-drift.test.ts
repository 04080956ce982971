import { afterEach, describe, expect, it } from 'vitest';
import { rowsOf, statusOf, TestProjects } from './test-project.ts';

/** What a group does when one of its tables has changed. Where a load names all bad files: PostgreSQL names one, and asks again. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const SUMS =
  'SELECT (SELECT COUNT(*) FROM public.facts) AS facts, (SELECT COUNT(*) FROM public.dims) AS dims';
const shared = { mode: 'append', format: { kind: 'csv' }, group: 'sales' };

describe('a group', () => {
  it('waits as a whole when all of many files of one target are bad, and says which and why', async () => {
    const project = projects.make({
      tables:
        'CREATE TABLE public.facts (id INTEGER, v INTEGER); CREATE TABLE public.dims (id INTEGER, name VARCHAR(20), at INTEGER);',
      targets: {
        'public.facts': { ...shared, from: 's3://lake/facts/' },
        'public.dims': { ...shared, from: 's3://lake/dims/' },
      },
    });
    for (let n = 0; n < 9; n += 1) project.put(`facts/${n}.csv`, `${n},1,x\n`);
    project.put('dims/a.csv', '1,one,1\n');
    const reason = expect.stringMatching(
      /^all 9 files of public\.facts are bad, and its group waits for it; the first, s3:\/\/lake\/facts\/\d\.csv, line 1.*, for 1202: Extra column/u,
    );
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 0, dims: 0 }]);
      expect(await statusOf(millrace, 'public.dims')).toMatchObject({ state: 'held', note: reason });
      const failures = await millrace.failures({});
      expect(failures).toHaveLength(10);
      expect(failures[0]).toMatchObject({ state: 'waiting', code: 'drift', error: reason });
    });
    for (let n = 0; n < 9; n += 1) project.put(`facts/${n}.csv`, `${n},1\n`);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, SUMS)).toEqual([{ facts: 9, dims: 1 }]);
    });
  });
});
