import { join } from 'node:path';
import { LoadError, type Loader, type LoaderEvent } from '@millrace/core';
import { SqliteTracker } from '@millrace/local';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** At most `maxLoads` jobs at once on the warehouse, one at most of each lane, and every lane has its turn. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const NAMES = ['a', 'b', 'c'] as const;
const FILES = 6;
/** Longer than several turns of a lane: what could overlap does. */
const LOAD_MS = 15;

function newProject(maxLoads: number): TestProject {
  const target = (name: string) => ({
    mode: 'append',
    from: `s3://lake/${name}/`,
    format: { kind: 'csv' },
    maxFiles: 2,
    freshness: '1s',
  });
  const project = projects.make({
    tables: NAMES.map((name) => `CREATE TABLE public.${name} (v INTEGER);`).join('\n'),
    targets: Object.fromEntries(NAMES.map((name) => [`public.${name}`, target(name)])),
    config: { warehouse: { kind: 'local', maxLoads } },
  });
  for (const name of NAMES) for (let n = 1; n <= FILES; n += 1) project.put(`${name}/${n}.csv`, `${n}\n`);
  return project;
}

/** Counts jobs between submission and the end that `describe` tells. */
class LoadCount {
  max = 0;
  readonly order: string[] = [];
  readonly #running = new Set<string>();

  readonly instrument = (loader: Loader): Loader => ({
    ...loader,
    warehouse: replaceMethods(loader.warehouse, {
      submit: async (batch) => {
        this.#running.add(batch.name);
        this.max = Math.max(this.max, this.#running.size);
        this.order.push(batch.name.split('/')[1] ?? '');
        await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
        return loader.warehouse.submit(batch);
      },
      describe: async (statement) => {
        const status = await loader.warehouse.describe(statement);
        if (status.state !== 'running') this.#running.delete(statement.name);
        return status;
      },
    }),
  });
}

describe('three lanes', () => {
  it('with a budget of one load never load two at once, and all load, in turn', async () => {
    const project = newProject(1);
    const count = new LoadCount();
    await project.drain(async (millrace) => {
      for (const name of NAMES) {
        expect(await statusOf(millrace, `public.${name}`)).toMatchObject({ loaded: FILES, waiting: 0 });
        expect(await rowsOf(millrace, `SELECT COUNT(*) AS n FROM public.${name}`)).toEqual([{ n: FILES }]);
      }
    }, count.instrument);
    expect(count.max).toBe(1);
    // No lane has two loads before each has one.
    expect(new Set(count.order.slice(0, NAMES.length)).size).toBe(NAMES.length);
  });

  it('come by their turn within the freshness also when nobody drains', async () => {
    const project = newProject(1);
    const count = new LoadCount();
    const millrace = await project.open(count.instrument);
    await millrace.start();
    const loaded = (): number =>
      project.events
        .filter(
          (event): event is Extract<LoaderEvent, { kind: 'table-loaded' }> => event.kind === 'table-loaded',
        )
        .reduce((sum, { job }) => sum + job.files, 0);
    // The sweep comes once a minute: a wake that is lost would show.
    await expect.poll(loaded, { timeout: 8_000 }).toBe(NAMES.length * FILES);
    expect(count.max).toBe(1);
    await millrace.stop();
  });

  it('with a budget of two load two at once, never three', async () => {
    const project = newProject(2);
    const count = new LoadCount();
    await project.drain(async () => {}, count.instrument);
    expect(count.max).toBe(2);
  });
});

describe('a lane that waits for the budget', () => {
  it('gets it from a lane whose job the warehouse refuses', async () => {
    const project = newProject(1);
    let refused = 0;
    await project.drain(
      async (millrace) => {
        for (const name of NAMES)
          expect(await statusOf(millrace, `public.${name}`)).toMatchObject({ loaded: FILES });
      },
      (loader) => ({
        ...loader,
        settings: { ...loader.settings, retry: { maxAttempts: 50, baseMs: 5, capMs: 20 } },
        warehouse: replaceMethods(loader.warehouse, {
          submit: (batch) => {
            refused += 1;
            if (refused % 2 === 1) throw new LoadError('throttled', 'refused', { class: 'transient' });
            return loader.warehouse.submit(batch);
          },
        }),
      }),
    );
  });

  it('is not kept from it by the job of a target that left the configuration', async () => {
    const project = newProject(1);
    const millrace = await project.open((loader) => ({
      ...loader,
      warehouse: replaceMethods(loader.warehouse, {
        // It never runs, and nobody ever hears of it.
        submit: async ({ name }) => ({ name, id: 'lost' }),
      }),
    }));
    await millrace.start();
    await expect
      .poll(async () => {
        const lanes = await project.loader.tracker.lanes();
        return lanes.filter(({ state }) => state.kind === 'running').length;
      })
      .toBe(1);
    const [running] = (await project.loader.tracker.lanes()).filter(({ state }) => state.kind === 'running');
    if (running === undefined) throw new Error('no lane has a job');
    await millrace.stop();
    // As a kill would have left it.
    const tracker = new SqliteTracker(join(project.directory, '.millrace', 'tracker.db'));
    const { version } = await tracker.lane(running.target);
    expect(await tracker.putLane({ ...running, version })).toBe(true);
    tracker.close();
    const rest = NAMES.filter((name) => `public.${name}` !== running.target);
    project.configure({
      targets: Object.fromEntries(
        rest.map((name) => [
          `public.${name}`,
          { mode: 'append', from: `s3://lake/${name}/`, format: { kind: 'csv' } },
        ]),
      ),
    });
    await project.drain(async (again) => {
      for (const name of rest)
        expect(await statusOf(again, `public.${name}`)).toMatchObject({ loaded: FILES });
    });
    expect(project.defects).toMatchObject([
      { where: running.target, error: { code: 'target-removed', class: 'usage' } },
    ]);
  });
});
