import { randomBytes } from 'node:crypto';
import {
  advance,
  compileRoutes,
  intake,
  type Lane,
  type Loader,
  listFiles,
  parseConfig,
  prepareTarget,
  routesOf,
  settle,
  sweep,
} from '@millrace/core';
import { EmbeddedRedshift } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore, MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';

/**
 * Several workers run the verbs on the same lanes at once, in any interleaving of their calls, with duplicates, lost
 * wakes, expired leases and deaths: at the end every file is loaded once, or quarantined, and on the way no lane has
 * two jobs on the warehouse and no fence goes back.
 */

const LEASE_MS = 1_000;
const BUCKET = 'lake';
const FILES = 6;
/** The one file of each lane that COPY refuses. */
const BAD_FILE = 4;
const MAX_SWEEPS = 300;

let engine: RedshiftLocal;
const objects = new MemoryObjectStore();
let runs = 0;

beforeAll(async () => {
  engine = await RedshiftLocal.open({ path: ':memory:', objects });
});
afterAll(() => engine.close());

type Step =
  | { readonly do: 'announce'; readonly lane: number; readonly file: number; readonly times: number }
  | { readonly do: 'advance' | 'settle'; readonly lane: number }
  | { readonly do: 'sweep' | 'list' | 'wakes' | 'land' }
  | { readonly do: 'wait'; readonly ms: number };

/** What one worker does, one step after the other; it dies at its `dies`th call of a port. */
interface Worker {
  readonly steps: readonly Step[];
  readonly dies: number;
}

const lane = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('announce' as const),
      lane,
      file: fc.nat(FILES - 1),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), lane }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), lane }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'list' as const, 'wakes' as const) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('land' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(10, LEASE_MS + 1) }),
  },
);
const workers = (dies: fc.Arbitrary<number>): fc.Arbitrary<readonly Worker[]> =>
  fc.array(fc.record({ steps: fc.array(step, { minLength: 2, maxLength: 12 }), dies }), {
    minLength: 2,
    maxLength: 4,
  });
const mayDie = fc.oneof(
  { weight: 2, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
);

describe('lanes under any interleaving of their workers', { timeout: 60_000 }, () => {
  it('load every file once, one job at a time, with growing fences', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), workers(mayDie), async (scheduler, given) => {
        const world = await World.make({ maxLoads: 2 });
        await scheduler.waitFor(Promise.all(given.map((worker) => world.work(worker, scheduler))));
        await world.sweepUntilIdle();
        await world.check();
      }),
      { numRuns: 60 },
    );
  });

  it('keep a budget of one load, and all load', async () => {
    // Leases that nobody outlives: a worker that was taken for dead may be over the budget.
    const start = fc.record({ steps: fc.constant(bothLanes()), dies: fc.constant(Number.POSITIVE_INFINITY) });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(start, { minLength: 2, maxLength: 3 }),
        async (scheduler, given) => {
          const world = await World.make({ maxLoads: 1 });
          await scheduler.waitFor(Promise.all(given.map((worker) => world.work(worker, scheduler))));
          await world.sweepUntilIdle();
          await world.check();
          expect(world.mostLoads).toBe(1);
        },
      ),
      { numRuns: 30 },
    );
  });
});

function bothLanes(): readonly Step[] {
  return [
    { do: 'announce', lane: 0, file: 0, times: 1 },
    { do: 'announce', lane: 1, file: 0, times: 1 },
    { do: 'advance', lane: 0 },
    { do: 'advance', lane: 1 },
    { do: 'land' },
    { do: 'settle', lane: 0 },
    { do: 'settle', lane: 1 },
    { do: 'advance', lane: 0 },
    { do: 'advance', lane: 1 },
  ];
}

/** Two lanes of their own tables, their ports in memory, and a clock. */
class World {
  readonly targets: readonly string[];
  readonly announced = new Set<string>();
  mostLoads = 0;
  readonly #folder: string;
  readonly #loader: Loader;
  readonly #wakes = new MemoryWakeQueue();
  readonly #running = new Map<string, PromiseWithResolvers<void>>();
  #now = 1_000_000;

  static async make({ maxLoads }: { maxLoads: number }): Promise<World> {
    runs += 1;
    const world = new World(runs, maxLoads);
    for (const target of world.targets) {
      await engine.runBatch([`CREATE TABLE ${target} (v INTEGER)`]);
      await prepareTarget(world.#loader, target);
    }
    return world;
  }

  private constructor(run: number, maxLoads: number) {
    this.#folder = `run-${run}`;
    this.targets = [`public.a${run}`, `public.b${run}`];
    const config = parseConfig(
      {
        targets: Object.fromEntries(
          this.targets.map((target, n) => [
            target,
            {
              mode: 'append',
              from: `s3://${BUCKET}/${this.#folder}/${n}/`,
              format: { kind: 'csv' },
              freshness: '1s',
              maxFiles: 3,
            },
          ]),
        ),
      },
      { source: 'test' },
    );
    const routes = compileRoutes(config);
    const warehouse = new EmbeddedRedshift(engine, {
      onCompletion: ({ name }) => {
        this.#running.get(name)?.resolve();
        this.#running.delete(name);
      },
    });
    this.#loader = {
      tracker: this.#checkedTracker(new MemoryTracker()),
      objects,
      warehouse: replaceMethods(warehouse, {
        submit: async (batch) => {
          const known = await warehouse.find(batch.name);
          if (known) return known;
          this.#running.set(batch.name, Promise.withResolvers());
          this.mostLoads = Math.max(this.mostLoads, this.#running.size);
          const [, target] = batch.name.split('/');
          const ofLane = [...this.#running.keys()].filter((name) => name.split('/')[1] === target);
          expect(ofLane, 'jobs of one lane on the warehouse').toHaveLength(1);
          return warehouse.submit(batch);
        },
      }),
      wakes: this.#wakes,
      targets: config.targets,
      routesOf: (at) => routesOf(routes, at),
      settings: {
        control: config.control,
        database: 'dev',
        iamRole: 'default',
        leaseMs: LEASE_MS,
        lockTimeoutMs: 5_000,
        statementTimeoutMs: 0,
        maxLoads,
        retry: { maxAttempts: 50, baseMs: 1, capMs: 2 },
      },
      now: () => this.#now,
      random: () => randomBytes(16),
      onEvent: () => {},
    };
  }

  /** Does a worker's steps, each call of a port when the scheduler says so. */
  async work({ steps, dies }: Worker, scheduler: fc.Scheduler): Promise<void> {
    let calls = 0;
    let die: () => void = () => {};
    const death = new Promise<void>((resolve) => {
      die = resolve;
    });
    const gated = <Port extends object>(port: Port): Port =>
      new Proxy(port, {
        get: (target, name) => {
          const own = target[name as keyof Port];
          if (typeof own !== 'function' || name === 'list')
            return typeof own === 'function' ? own.bind(target) : own;
          return async (...args: readonly unknown[]) => {
            calls += 1;
            if (calls >= dies) {
              die();
              await new Promise(() => {});
            }
            await scheduler.schedule(Promise.resolve(), String(name));
            return Reflect.apply(own, target, args);
          };
        },
      });
    const loader: Loader = {
      ...this.#loader,
      tracker: gated(this.#loader.tracker),
      objects: gated(this.#loader.objects),
      warehouse: gated(this.#loader.warehouse),
      wakes: gated(this.#loader.wakes),
    };
    const life = async (): Promise<void> => {
      for (const one of steps) await this.#take(one, loader);
    };
    await Promise.race([life(), death]);
  }

  /** The net: whatever died and whatever was lost, sweeps alone bring every lane to rest. */
  async sweepUntilIdle(): Promise<void> {
    // Somebody died before the announcement was written down: a listing finds the file.
    await listFiles(this.#loader);
    for (let round = 0; round < MAX_SWEEPS; round += 1) {
      this.#now += LEASE_MS + 1;
      const { broken } = await sweep(this.#loader, { drain: true });
      expect([...broken]).toEqual([]);
      await this.#landed();
      const lanes = await this.#loader.tracker.lanes();
      if (lanes.every(({ state }) => state.kind === 'idle')) return;
    }
    expect(await this.#loader.tracker.lanes(), 'lanes that came to no rest').toEqual([]);
  }

  async check(): Promise<void> {
    for (const [n, target] of this.targets.entries()) {
      const announced = [...this.announced].filter((key) => key.startsWith(`${this.#folder}/${n}/`));
      const [result] = await engine.runBatch([`SELECT v FROM ${target} ORDER BY v`]);
      const loaded = result?.kind === 'rows' ? result.rows.map(([v]) => Number(v)) : [];
      const isBad = (key: string): boolean => key.endsWith(`/${BAD_FILE}.csv`);
      const good = announced.filter((key) => !isBad(key)).map((key) => Number(/(\d+)\.csv$/u.exec(key)?.[1]));
      expect(loaded, `rows of ${target}`).toEqual(good.sort((a, b) => a - b));
      expect(await this.#loader.tracker.counts(target)).toMatchObject({
        waiting: 0,
        superseded: 0,
        quarantined: announced.filter(isBad).length,
      });
    }
  }

  async #take(one: Step, loader: Loader): Promise<void> {
    switch (one.do) {
      case 'announce':
        return this.#announce(one, loader);
      case 'advance':
        await advance(loader, this.targets[one.lane] ?? '');
        return;
      case 'settle':
        await settle(loader, this.targets[one.lane] ?? '');
        return;
      case 'sweep':
        expect([...(await sweep(loader)).broken]).toEqual([]);
        return;
      case 'list':
        await listFiles(loader);
        return;
      case 'wakes':
        for (const target of await this.#wakes.takeDue(this.#now)) await advance(loader, target);
        return;
      case 'land':
        // What the warehouse has is done: only now is there something to settle.
        await this.#landed();
        return;
      case 'wait':
        this.#now += one.ms;
    }
  }

  async #announce(
    { lane: n, file, times }: Extract<Step, { do: 'announce' }>,
    loader: Loader,
  ): Promise<void> {
    const key = `${this.#folder}/${n}/${file}.csv`;
    const info = await objects.write({ bucket: BUCKET, key }, file === BAD_FILE ? 'bad\n' : `${file}\n`);
    if (info === undefined) throw new Error(`${key} was not written`);
    // What lies in the store is listed by somebody, also when its announcement dies.
    this.announced.add(key);
    for (let time = 0; time < times; time += 1) await intake(loader, [info]);
  }

  /** When everything that the warehouse has by now is done. */
  async #landed(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ promise }) => promise));
  }

  /** Fences never go back, and every claim raises its lane's. */
  #checkedTracker(tracker: MemoryTracker): MemoryTracker {
    const fences = new Map<string, number>();
    return replaceMethods(tracker, {
      putLane: async (next: Lane, options) => {
        const isPut = await tracker.putLane(next, options);
        if (!isPut) return false;
        const before = fences.get(next.target) ?? 0;
        const isClaim = next.state.kind === 'submitting';
        expect(next.fence, `fence of ${next.target}`).toBeGreaterThanOrEqual(isClaim ? before + 1 : before);
        fences.set(next.target, next.fence);
        return true;
      },
    });
  }
}
