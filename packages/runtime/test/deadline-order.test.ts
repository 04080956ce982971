import type { Loader, StatementRef } from '@millrace/core';
import { afterEach, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { TestProjects } from './test-project.ts';

/** Of the lanes that wait for a place the one with the nearest deadline has it, whoever came first. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

/** In the order in which their files come. */
const FRESHNESS = { first: '1h', patient: '2h', urgent: '30m' } as const;
const NAMES = Object.keys(FRESHNESS) as (keyof typeof FRESHNESS)[];
const FILES = 2;

/** Jobs in the order of their submission; none of them ends before it may. */
class HeldJobs {
  readonly order: string[] = [];
  #mayEnd = false;

  readonly instrument = (loader: Loader): Loader => ({
    ...loader,
    warehouse: replaceMethods(loader.warehouse, {
      submit: (batch) => {
        this.order.push(batch.name.split('/')[1] ?? '');
        return loader.warehouse.submit(batch);
      },
      describe: async (statement: StatementRef) =>
        this.#mayEnd ? loader.warehouse.describe(statement) : { state: 'running' },
    }),
  });

  end(): void {
    this.#mayEnd = true;
  }
}

it('gives the one place to the lane whose files have to be there first', async () => {
  const project = projects.make({
    tables: NAMES.map((name) => `CREATE TABLE public.${name} (v INTEGER);`).join('\n'),
    targets: Object.fromEntries(
      NAMES.map((name) => [
        `public.${name}`,
        {
          mode: 'append',
          from: `s3://lake/${name}/`,
          format: { kind: 'csv' },
          maxFiles: FILES,
          freshness: FRESHNESS[name],
        },
      ]),
    ),
    config: { warehouse: { kind: 'local', maxLoads: 1 } },
  });
  const jobs = new HeldJobs();
  const millrace = await project.open(jobs.instrument);
  await millrace.start();
  const kindOf = async (name: string): Promise<string> => {
    const { state } = await project.loader.tracker.lane(`public.${name}`);
    return state.kind === 'waiting' && state.deadlineAt !== undefined ? 'in line' : state.kind;
  };
  // Full batches are due at once, however long their freshness.
  const bring = async (name: string, kind: string): Promise<void> => {
    for (let file = 1; file <= FILES; file += 1) project.put(`${name}/${file}.csv`, `${file}\n`);
    await expect.poll(() => kindOf(name), { timeout: 8_000 }).toBe(kind);
  };
  await bring('first', 'running');
  await bring('patient', 'in line');
  await bring('urgent', 'in line');
  jobs.end();
  // Its end was told while nobody might know of it yet: a file that comes has its lane looked at.
  project.put('first/3.csv', '3\n');
  await expect.poll(() => jobs.order, { timeout: 20_000 }).toHaveLength(NAMES.length);
  expect(jobs.order).toEqual(['public.first', 'public.urgent', 'public.patient']);
  await millrace.stop();
});
