import { LoadError, type Loader } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { failuresOf, rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** The warehouse says that data is bad, and not in which file: halves are tried until one fails alone. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const FILES = 40;
const MAX_FAILED_JOBS = 2 * Math.log2(FILES) + 2;

function newProject(): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER);',
    targets: { 'public.t': { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } } },
  });
}

/** Nothing is told of the row that COPY refused. */
function tellNothing(loader: Loader): Loader {
  return {
    ...loader,
    warehouse: replaceMethods(loader.warehouse, {
      copyErrors: async () => [],
      describe: async (statement) => {
        const status = await loader.warehouse.describe(statement);
        if (status.state !== 'failed') return status;
        return {
          state: 'failed',
          error: new LoadError('copy-data', 'load failed', { class: status.error.class }),
        };
      },
    }),
  };
}

describe(`a batch of ${FILES} files`, () => {
  it.each([[[0]], [[17]], [[39]]])(
    'with a bad one at %j loads the others after few failed jobs',
    async (bad) => {
      const failed = await loadWith(newProject(), bad);
      expect(failed).toBeLessThanOrEqual(MAX_FAILED_JOBS);
    },
  );

  it('with three bad ones loads the others', async () => {
    await loadWith(newProject(), [3, 4, 31]);
  });

  async function loadWith(project: TestProject, bad: readonly number[]): Promise<number> {
    for (let n = 0; n < FILES; n += 1) {
      project.put(`t/${String(n).padStart(2, '0')}.csv`, bad.includes(n) ? 'x\n' : `${n}\n`);
    }
    await project.drain(async (millrace) => {
      const good = Array.from({ length: FILES }, (_, v) => v).filter((v) => !bad.includes(v));
      expect(await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v')).toEqual(good.map((v) => ({ v })));
      expect((await failuresOf(millrace)).map(({ url, state, code }) => ({ url, state, code }))).toEqual(
        expect.arrayContaining(
          bad.map((n) => ({
            url: `s3://lake/t/${String(n).padStart(2, '0')}.csv`,
            state: 'quarantined',
            code: 'copy-data',
          })),
        ),
      );
      expect(await statusOf(millrace, 'public.t')).toMatchObject({
        state: 'idle',
        waiting: 0,
        loaded: good.length,
        quarantined: bad.length,
      });
    }, tellNothing);
    return project.events.filter(({ kind }) => kind === 'job-failed').length;
  }
});
