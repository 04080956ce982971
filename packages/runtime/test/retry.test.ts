import { LoadError, type Loader, ledgerOf, type StatementBatch, type StatementStatus } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { failuresOf, rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Failures that no file is to blame for: what waits, waits visibly, and is loaded once when the failures end. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const TARGET = 'public.t';
const { receipts } = ledgerOf(TARGET);
const VALUES = 'SELECT v FROM public.t ORDER BY v';
const RECEIPTS = `SELECT kind, COUNT(*) AS n FROM ${receipts.schema}.${receipts.name} GROUP BY kind ORDER BY kind`;
const LOADED_ONCE = [{ kind: 'load', n: 1 }];

function newProject(): TestProject {
  const project = projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER);',
    targets: { [TARGET]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, columns: ['v'] } },
    config: { sweep: '1s' },
  });
  project.put('t/a.csv', '1\n');
  return project;
}

const throttled = () => new LoadError('throttled', 'too many statements', { class: 'transient' });
const FAST = { maxAttempts: 8, baseMs: 5, capMs: 20 };

/** Real components, with something between the verbs and the warehouse. */
function withWarehouse(
  methods: (loader: Loader) => Partial<Loader['warehouse']>,
  settings: Partial<Loader['settings']> = {},
): (loader: Loader) => Loader {
  return (loader) => ({
    ...loader,
    settings: { ...loader.settings, retry: FAST, ...settings },
    warehouse: replaceMethods(loader.warehouse, methods(loader)),
  });
}

describe('a transient failure', () => {
  it('is tried again, and the count of failures starts again after a success', async () => {
    const project = newProject();
    // Nine in all, of which never eight in a row.
    const failsAt = new Set([1, 2, 3, 5, 6, 7, 8, 9, 10]);
    let submissions = 0;
    const millrace = await project.open(
      withWarehouse(({ warehouse }) => ({
        submit: (batch) => {
          submissions += 1;
          if (failsAt.has(submissions)) throw throttled();
          return warehouse.submit(batch);
        },
      })),
    );
    await millrace.start();
    await millrace.untilIdle();
    expect(submissions).toBe(4);
    expect((await project.loader.tracker.lane(TARGET)).failures).toBe(0);
    project.put('t/b.csv', '2\n');
    expect(await millrace.untilIdle()).toEqual({ held: [] });
    expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }, { v: 2 }]);
    expect(project.events.filter(({ kind }) => kind === 'lane-held')).toEqual([]);
    await millrace.stop();
  });

  it('that does not end holds the lane after the last attempt, shows the file waiting, quarantines nothing', async () => {
    const project = newProject();
    let submissions = 0;
    const millrace = await project.open(
      withWarehouse(
        ({ warehouse }) => ({
          submit: (batch) => {
            submissions += 1;
            if (submissions <= 3) throw throttled();
            return warehouse.submit(batch);
          },
        }),
        { retry: { ...FAST, maxAttempts: 3 } },
      ),
    );
    await millrace.start();
    expect(await millrace.untilIdle()).toEqual({ held: [{ target: TARGET, reason: 'too many statements' }] });
    expect(submissions).toBe(3);
    expect(await statusOf(millrace, TARGET)).toMatchObject({
      state: 'held',
      waiting: 1,
      quarantined: 0,
      note: expect.stringMatching(/^too many statements \(looks again in \d+ s\)$/u),
    });
    expect(await failuresOf(millrace)).toMatchObject([
      { url: 's3://lake/t/a.csv', state: 'waiting', code: 'throttled' },
    ]);
    await millrace.stop();
    await project.drain(async (again) => {
      expect(await rowsOf(again, VALUES)).toEqual([{ v: 1 }]);
      expect(await failuresOf(again)).toEqual([]);
    });
  });

  it('that was reported of a transaction that did commit loads nothing twice', async () => {
    const project = newProject();
    let told = 0;
    await project.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
        expect(await rowsOf(millrace, RECEIPTS)).toEqual(LOADED_ONCE);
        expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'idle', waiting: 0, quarantined: 0 });
      },
      withWarehouse(({ warehouse }) => ({
        describe: async (statement) => {
          const status = await warehouse.describe(statement);
          if (status.state === 'running') return status;
          told += 1;
          return told === 1 ? { state: 'failed', error: throttled() } : status;
        },
      })),
    );
    expect(told).toBeGreaterThan(1);
  });
});

describe('a table that does not fit', () => {
  it('holds the lane with the reason, and loads by itself after it was mended', async () => {
    const project = newProject();
    const millrace = await project.open();
    await millrace.query('ALTER TABLE public.t ADD COLUMN other INTEGER');
    await millrace.query('ALTER TABLE public.t DROP COLUMN v');
    await millrace.start();
    const { held } = await millrace.untilIdle();
    expect(held).toMatchObject([{ target: TARGET, reason: expect.stringContaining("'v'") }]);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'held', waiting: 1, quarantined: 0 });
    expect(await failuresOf(millrace)).toMatchObject([{ state: 'waiting', code: 'target-column-missing' }]);
    await millrace.query('ALTER TABLE public.t ADD COLUMN v INTEGER');
    await millrace.stop();
    await project.drain(async (again) => {
      expect(await rowsOf(again, VALUES)).toEqual([{ v: 1 }]);
      expect(await statusOf(again, TARGET)).toMatchObject({ state: 'idle', waiting: 0 });
    });
  });
});

describe('a warehouse that is away', () => {
  it('costs no attempt, however long it is away, and is looked at every minute at least', async () => {
    const project = newProject();
    let outages = 20;
    let aheadMs = 0;
    const away = () =>
      new LoadError('warehouse-unavailable', 'the cluster is in maintenance', { class: 'unavailable' });
    const instrument = withWarehouse(({ warehouse }) => ({
      submit: (batch) => {
        outages -= 1;
        if (outages >= 0) throw away();
        return warehouse.submit(batch);
      },
    }));
    const millrace = await project.open((loader) => ({
      ...instrument(loader),
      now: () => loader.now() + aheadMs,
    }));
    await millrace.start();
    for (let round = 1; outages > 0 && round <= 60; round += 1) {
      const { held } = await millrace.untilIdle();
      if (outages <= 0) break;
      expect(held).toEqual([{ target: TARGET, reason: 'the cluster is in maintenance' }]);
      const { failures, state } = await project.loader.tracker.lane(TARGET);
      expect({ failures, state: state.kind }).toEqual({ failures: 0, state: 'held' });
      // The longest that an outage goes without a look.
      aheadMs += 60_001;
    }
    expect(outages).toBeLessThanOrEqual(0);
    expect(await millrace.untilIdle()).toEqual({ held: [] });
    expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
    await millrace.stop();
  });
});

describe('a statement of which nobody knows what became', () => {
  it('and which committed is settled as loaded, once', async () => {
    const project = newProject();
    await project.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
        expect(await rowsOf(millrace, RECEIPTS)).toEqual(LOADED_ONCE);
        expect(await statusOf(millrace, TARGET)).toMatchObject({ loaded: 1, rows: 1 });
      },
      withWarehouse(({ warehouse }) => ({
        describe: async (statement): Promise<StatementStatus> => {
          const status = await warehouse.describe(statement);
          return status.state === 'running' ? status : { state: 'unknown' };
        },
      })),
    );
    expect(project.events.filter(({ kind }) => kind === 'job-failed')).toEqual([]);
  });

  it('and which never ran is voided, its files are loaded by the next job, and it can never commit', async () => {
    const project = newProject();
    let lost: StatementBatch | undefined;
    await project.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
        expect(await rowsOf(millrace, RECEIPTS)).toEqual([...LOADED_ONCE, { kind: 'void', n: 1 }]);
        if (lost === undefined) throw new Error('no batch was lost');
        // The zombie comes late. Its file has a receipt too; the void is what is told, and would do alone.
        await expect(runToEnd(project.loader, lost)).resolves.toMatchObject({
          state: 'failed',
          error: { code: 'guard-void' },
        });
        expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
      },
      withWarehouse(({ warehouse }) => ({
        submit: async (batch) => {
          if (lost !== undefined) return warehouse.submit(batch);
          lost = batch;
          return { name: batch.name, id: 'lost' };
        },
      })),
    );
  });

  it('when it was sent, and which the warehouse took, is found by its name', async () => {
    const project = newProject();
    let submissions = 0;
    await project.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
        expect(await rowsOf(millrace, RECEIPTS)).toEqual(LOADED_ONCE);
      },
      withWarehouse(({ warehouse }) => ({
        submit: async (batch) => {
          submissions += 1;
          await warehouse.submit(batch);
          throw new LoadError('reply-lost', 'the connection was lost', { class: 'unknown' });
        },
      })),
    );
    expect(submissions).toBe(1);
  });

  it('when it was sent, and which the warehouse did not take, is sent again as it was after its lease', async () => {
    const project = newProject();
    const batches: StatementBatch[] = [];
    await project.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
        expect(await rowsOf(millrace, RECEIPTS)).toEqual(LOADED_ONCE);
      },
      withWarehouse(
        ({ warehouse }) => ({
          submit: (batch) => {
            batches.push(batch);
            if (batches.length > 1) return warehouse.submit(batch);
            throw new LoadError('reply-lost', 'the connection was lost', { class: 'unknown' });
          },
        }),
        { leaseMs: 200 },
      ),
    );
    expect(batches).toHaveLength(2);
    expect(batches[1]).toEqual(batches[0]);
  });
});

async function runToEnd({ warehouse }: Loader, batch: StatementBatch): Promise<StatementStatus> {
  const name = `${batch.name}-late`;
  // Under another name: the warehouse has forgotten the token, as it does after hours.
  const statement = await warehouse.submit({ ...batch, name });
  for (;;) {
    const status = await warehouse.describe({ ...statement, name });
    if (status.state !== 'running') return status;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
