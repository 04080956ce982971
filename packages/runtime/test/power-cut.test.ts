import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteTracker } from '@millrace/local';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/**
 * The tracker waits for the disk when a lane claims a job, and not again until the next claim. A power cut may take
 * all that it wrote between: the lane is then where it was at the claim, and the warehouse, the objects and the job's
 * document are further.
 */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const TARGET = { mode: 'append', from: 's3://lake/in/', format: { kind: 'csv' } };

function restore(project: TestProject, from: string): void {
  const path = join(project.directory, '.millrace', 'tracker.db');
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  copyFileSync(from, path);
}

describe('a power cut that takes what the tracker wrote after a claim', () => {
  it.each([
    { after: 'keep', target: TARGET },
    { after: 'delete', target: { ...TARGET, after: 'delete' } },
    { after: 'move', target: { ...TARGET, after: 'move', processedPrefix: 's3://lake/processed/' } },
  ])('loads nothing twice and forgets nothing, after: $after', async ({ target }) => {
    const project = projects.make({
      tables: 'CREATE TABLE public.t (v INTEGER);',
      targets: { 'public.t': target },
    });
    project.put('in/a.csv', '1\n2\n');
    project.put('in/b.csv', '3\n');
    const atClaim = join(project.directory, 'at-claim.db');
    await project.drain(
      async () => {},
      (loader) => ({
        ...loader,
        warehouse: replaceMethods(loader.warehouse, {
          submit: async (batch) => {
            if (!(loader.tracker instanceof SqliteTracker)) throw new Error('the tracker is another one');
            rmSync(atClaim, { force: true });
            await loader.tracker.backup(atClaim);
            return loader.warehouse.submit(batch);
          },
        }),
      }),
    );
    restore(project, atClaim);
    project.put('in/c.csv', '4\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v')).toEqual(
        [1, 2, 3, 4].map((v) => ({ v })),
      );
      expect(await statusOf(millrace, 'public.t')).toMatchObject({
        state: 'idle',
        waiting: 0,
        loaded: 3,
        quarantined: 0,
      });
    });
  });
});
