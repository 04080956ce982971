import { randomBytes } from 'node:crypto';
import { redshiftAvailability } from '@millrace/aws/redshift';
import {
  advance,
  compileRoutes,
  DEFAULT_RETRY,
  intake,
  type Loader,
  type LoaderEvent,
  parseConfig,
  prepareTarget,
  routesOf,
  settle,
} from '@millrace/core';
import { DataApiServer } from '@millrace/redshift-local/data-api';
import { MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLUSTER, newClient, openDataApi } from './open-data-api.ts';

/**
 * Outages over HTTP, longer than several attempts: nothing is lost or doubled, no attempt is spent, and the backlog goes
 * in one load of each lane. The clock is the test's; statements run in real time.
 */

const [A, B] = ['public.a', 'public.b'] as const;
const MINUTE_MS = 60_000;
const ROUNDS = DEFAULT_RETRY.maxAttempts + 2;
const LIMITS = { callsPerSecond: {} };

class Lanes {
  readonly events: LoaderEvent[] = [];
  readonly loader: Loader;
  readonly #api: Awaited<ReturnType<typeof openDataApi>>;
  readonly #clock = { now: Date.now() };
  #server: DataApiServer;
  #files = 0;

  private constructor(api: Awaited<ReturnType<typeof openDataApi>>) {
    this.#api = api;
    this.#server = api.server;
    const from = (name: string) => ({
      mode: 'append',
      from: `s3://lake/${name}/`,
      format: { kind: 'csv' },
      freshness: '1s',
    });
    const config = parseConfig({ targets: { [A]: from('a'), [B]: from('b') } }, { source: 'test' });
    const routes = compileRoutes(config);
    const now = (): number => this.#clock.now;
    const prober = newClient(api.server.url, 1);
    onTestFinished(() => prober.destroy());
    this.loader = {
      tracker: new MemoryTracker(),
      objects: api.objects,
      warehouse: api.warehouse,
      availability: redshiftAvailability(
        prober,
        { address: CLUSTER, database: 'dev' },
        { now, onError: () => {} },
      ),
      wakes: new MemoryWakeQueue(),
      targets: new Map(config.targets),
      routesOf: (object) => routesOf(routes, object),
      settings: {
        control: { bucket: 'millrace', key: '' },
        database: 'dev',
        iamRole: 'default',
        leaseMs: MINUTE_MS,
        lockTimeoutMs: 10_000,
        statementTimeoutMs: 60_000,
        maxLoads: 4,
        retry: DEFAULT_RETRY,
      },
      now,
      random: () => randomBytes(16),
      onEvent: (event) => this.events.push(event),
    };
  }

  static async open(): Promise<Lanes> {
    const api = await openDataApi({ maxAttempts: 1, server: { faults: { slowCopyMs: 300 } } });
    const lanes = new Lanes(api);
    onTestFinished(async () => {
      api.client.destroy();
      await lanes.#server.close();
      await api.engine.close();
    });
    for (const target of [A, B]) {
      await api.warehouse.transact([`CREATE TABLE ${target} (id INTEGER NOT NULL)`]);
      await prepareTarget(lanes.loader, target);
    }
    return lanes;
  }

  async put(...targets: readonly string[]): Promise<void> {
    for (const target of targets) {
      this.#files += 1;
      const key = `${target.split('.')[1]}/${this.#files}.csv`;
      const object = await this.#api.objects.write({ bucket: 'lake', key }, `${this.#files}\n`);
      if (object) await intake(this.loader, [object]);
    }
  }

  /** Time passes, and every lane is looked at, as wakes and sweeps do. */
  async pass(ms: number): Promise<void> {
    this.#clock.now += ms;
    for (const target of [A, B]) await this.look(target);
  }

  async look(target: string): Promise<void> {
    try {
      await settle(this.loader, target);
      await advance(this.loader, target);
    } catch (error) {
      // A job in hand cannot be asked about while nobody answers: the next look does.
      expect(error).toMatchObject({ class: 'unavailable' });
    }
  }

  /** Until nothing waits or runs. */
  async drain(): Promise<void> {
    for (let looks = 0; looks < 200; looks += 1) {
      await this.pass(MINUTE_MS);
      const lanes = await this.loader.tracker.lanes();
      if (lanes.every(({ state }) => state.kind === 'idle')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the lanes do not come to rest');
  }

  begin(fault: 'maintenance' | 'pause'): void {
    this.#server.faults.set({ [fault]: true });
  }

  end(): void {
    this.#server.faults.set({ maintenance: false, pause: false });
  }

  /** Nobody listens any more, and what the server knew of statements is gone. */
  async hangUp(): Promise<void> {
    await this.#server.close();
  }

  async listenAgain(): Promise<void> {
    const port = Number(new URL(this.#server.url).port);
    this.#server = await DataApiServer.start({ engine: this.#api.engine, limits: LIMITS, port });
  }

  loadsOf(target: string): readonly number[] {
    return this.events.flatMap((event) =>
      event.kind === 'table-loaded' && event.target === target ? [event.job.files] : [],
    );
  }

  async idsOf(target: string): Promise<readonly number[]> {
    const rows = await this.#api.warehouse.transact([`SELECT id FROM ${target} ORDER BY id`]);
    return rows.map(({ id }) => Number(id));
  }

  count(kind: LoaderEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length;
  }
}

async function untilRunning(lanes: Lanes, target: string): Promise<void> {
  await lanes.pass(2_000);
  expect((await lanes.loader.tracker.lane(target)).state.kind).toBe('running');
  // Into the COPY, which takes its time.
  await new Promise((resolve) => setTimeout(resolve, 150));
}

/** The server needs a moment to kill what runs. */
async function untilKilled(lanes: Lanes, target: string): Promise<void> {
  await expect
    .poll(
      async () => {
        await lanes.look(target);
        return (await lanes.loader.tracker.lane(target)).state.kind;
      },
      { timeout: 20_000 },
    )
    .toBe('held');
}

describe('an outage over HTTP', { timeout: 60_000 }, () => {
  it.each(['maintenance', 'pause'] as const)(
    '(%s) that kills a COPY: all lanes wait, and go on with one load each',
    async (fault) => {
      const lanes = await Lanes.open();
      await lanes.put(A);
      await untilRunning(lanes, A);
      lanes.begin(fault);
      await untilKilled(lanes, A);
      for (let round = 0; round < ROUNDS; round += 1) {
        await lanes.put(A, B);
        await lanes.pass(MINUTE_MS);
        for (const target of [A, B]) {
          expect(await lanes.loader.tracker.lane(target)).toMatchObject({
            state: { kind: 'held', code: 'warehouse-away' },
            failures: 0,
          });
        }
      }
      // The job that was killed is the only one that failed: the others were not tried on the outage.
      expect([lanes.count('job-submitted'), lanes.count('job-failed')]).toEqual([1, 1]);
      expect(lanes.count('warehouse-held')).toBe(1);
      lanes.end();
      await lanes.drain();
      expect([lanes.loadsOf(A), lanes.loadsOf(B)]).toEqual([[1 + ROUNDS], [ROUNDS]]);
      const ids = [...(await lanes.idsOf(A)), ...(await lanes.idsOf(B))].sort((a, b) => a - b);
      expect(ids).toEqual(Array.from({ length: 1 + 2 * ROUNDS }, (_, n) => n + 1));
      expect(lanes.count('warehouse-back')).toBe(1);
    },
  );

  it('that refuses connections while a load runs: it is settled when somebody answers, the rest goes in one load each', async () => {
    const lanes = await Lanes.open();
    await lanes.put(A);
    await untilRunning(lanes, A);
    await lanes.hangUp();
    for (let round = 0; round < ROUNDS; round += 1) {
      await lanes.put(A, B);
      await lanes.pass(MINUTE_MS);
      expect((await lanes.loader.tracker.lane(B)).failures).toBe(0);
    }
    expect((await lanes.loader.tracker.lane(B)).state).toMatchObject({
      kind: 'held',
      code: 'warehouse-away',
    });
    await lanes.listenAgain();
    await lanes.drain();
    expect(lanes.loadsOf(B)).toEqual([ROUNDS]);
    // The one in hand, as a load of its own or, when it was void, with the others.
    expect(lanes.loadsOf(A).reduce((sum, files) => sum + files, 0)).toBe(1 + ROUNDS);
    expect(lanes.loadsOf(A).length).toBeLessThanOrEqual(2);
    const ids = [...(await lanes.idsOf(A)), ...(await lanes.idsOf(B))].sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: 1 + 2 * ROUNDS }, (_, n) => n + 1));
  });

  it('while nothing waits is not noticed, and costs nothing', async () => {
    const lanes = await Lanes.open();
    await lanes.put(A, B);
    await lanes.drain();
    lanes.begin('maintenance');
    for (let round = 0; round < ROUNDS; round += 1) await lanes.pass(MINUTE_MS);
    lanes.end();
    await lanes.put(A, B);
    await lanes.drain();
    expect([lanes.loadsOf(A), lanes.loadsOf(B)]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(lanes.count('warehouse-held')).toBe(0);
  });
});
