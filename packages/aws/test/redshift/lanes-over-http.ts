import { randomBytes } from 'node:crypto';
import { redshiftAvailability } from '@millrace/aws/redshift';
import {
  advance,
  compileRoutes,
  DEFAULT_RETRY,
  intake,
  type Loader,
  type LoaderEvent,
  ledgerOf,
  parseConfig,
  prepareTarget,
  routesOf,
  settle,
} from '@millrace/core';
import { type Credentials, DataApiServer } from '@millrace/redshift-local/data-api';
import { MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';
import { expect, onTestFinished } from 'vitest';
import { CLUSTER, newClient, openDataApi } from './open-data-api.ts';

export const [A, B] = ['public.a', 'public.b'] as const;
export const MINUTE_MS = 60_000;
const LIMITS = { callsPerSecond: {} };

export interface LanesOptions {
  /** @default the configuration's: 500 */
  readonly maxFiles?: number;
  /** How long a job waits for the lane lock. */
  readonly lockTimeoutMs?: number;
  /** Key pairs that the server knows; default: everybody may call. */
  readonly credentials?: readonly Credentials[];
}

/** Two lanes before a Data API over HTTP. The clock is the test's; statements run in real time. */
export class Lanes {
  readonly events: LoaderEvent[] = [];
  readonly loader: Loader;
  readonly #api: Awaited<ReturnType<typeof openDataApi>>;
  readonly #clock = { now: Date.now() };
  #server: DataApiServer;
  #files = 0;

  private constructor(
    api: Awaited<ReturnType<typeof openDataApi>>,
    { maxFiles, lockTimeoutMs = 10_000 }: LanesOptions,
  ) {
    this.#api = api;
    this.#server = api.server;
    const from = (name: string) => ({
      mode: 'append',
      from: `s3://lake/${name}/`,
      format: { kind: 'csv' },
      freshness: '1s',
      ...(maxFiles === undefined ? {} : { maxFiles }),
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
        lockTimeoutMs,
        statementTimeoutMs: 60_000,
        maxLoads: 4,
        retry: DEFAULT_RETRY,
      },
      now,
      random: () => randomBytes(16),
      onEvent: (event) => this.events.push(event),
    };
  }

  static async open(options: LanesOptions = {}): Promise<Lanes> {
    const { credentials } = options;
    const api = await openDataApi({
      maxAttempts: 1,
      server: { faults: { slowCopyMs: 300 }, ...(credentials === undefined ? {} : { credentials }) },
    });
    const lanes = new Lanes(api, options);
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
      // Nor can the warehouse be asked to give it up when the backend that is asked dies.
      expect(error).toMatchObject({ class: expect.stringMatching(/^(unavailable|unknown)$/u) });
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

  /** So many transactions lose their backend in the middle. */
  killBackends(count: number): void {
    this.#server.faults.set({ backendDeath: count });
  }

  /** A backend whose client is gone, with the lane's lock: it stays until the warehouse notices. @returns which is that. */
  async holdLock(target: string): Promise<() => Promise<void>> {
    const { schema, name } = ledgerOf(target).lock;
    const session = this.#api.engine.session();
    await session.execute('BEGIN');
    await session.execute(`LOCK TABLE ${schema}.${name}`);
    return async () => {
      await session.execute('ROLLBACK');
      await session.close();
    };
  }

  get url(): string {
    return this.#server.url;
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

export async function untilRunning(lanes: Lanes, target: string): Promise<void> {
  await lanes.pass(2_000);
  expect((await lanes.loader.tracker.lane(target)).state.kind).toBe('running');
  // Into the COPY, which takes its time.
  await new Promise((resolve) => setTimeout(resolve, 150));
}

/** The server needs a moment to kill what runs. */
export async function untilKilled(lanes: Lanes, target: string): Promise<void> {
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
