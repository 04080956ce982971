import { afterEach, expect, it } from 'vitest';
import { rowsOf, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

it('loads a table that is its key and nothing else, each key once', async () => {
  const project = projects.make({
    tables: 'CREATE TABLE public.seen (id INTEGER);',
    targets: {
      'public.seen': { mode: 'insert-only', key: 'id', from: 's3://lake/in/', format: { kind: 'csv' } },
    },
  });
  project.put('in/a.csv', '1\n2\n2\n');
  await project.drain(async () => {});
  project.put('in/b.csv', '2\n3\n');
  await project.drain(async (millrace) => {
    expect(await rowsOf(millrace, 'SELECT id FROM public.seen ORDER BY id')).toEqual(
      [1, 2, 3].map((id) => ({ id })),
    );
  });
});
