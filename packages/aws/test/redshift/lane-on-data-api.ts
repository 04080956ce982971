import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeStatementCommand } from '@aws-sdk/client-redshift-data';
import {
  advance,
  compileRoutes,
  DEFAULT_RETRY,
  intake,
  type Lane,
  type Loader,
  type LoaderEvent,
  parseConfig,
  prepareTarget,
  routesOf,
  type SettleOutcome,
  type StatementRef,
  settle,
  type TargetDefinition,
} from '@millrace/core';
import { MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';
import { type OpenedDataApi, openDataApi } from './open-data-api.ts';

export const TARGET = 'public.cities';
export const LEASE_MS = 60_000;

/**
 * A lane whose warehouse is behind the Data API, driven by core's own verbs. The clock is the test's, for the loader and
 * for the server alike.
 */
export class LaneOnDataApi {
  readonly api: OpenedDataApi;
  readonly loader: Loader;
  readonly events: LoaderEvent[] = [];
  readonly #clock: { now: number };

  private constructor(api: OpenedDataApi, { clock, target }: { clock: { now: number }; target: object }) {
    this.api = api;
    this.#clock = clock;
    const definition = {
      from: 's3://lake/cities/',
      mode: 'append',
      format: { kind: 'csv' },
      freshness: '1s',
      ...target,
    };
    const config = parseConfig({ targets: { [TARGET]: definition } }, { source: 'test' });
    const routes = compileRoutes(config);
    this.loader = {
      tracker: new MemoryTracker(),
      objects: api.objects,
      warehouse: api.warehouse,
      wakes: new MemoryWakeQueue(),
      targets: new Map<string, TargetDefinition>(config.targets),
      routesOf: (object) => routesOf(routes, object),
      settings: {
        control: { bucket: 'millrace', key: '' },
        database: 'dev',
        iamRole: 'default',
        leaseMs: LEASE_MS,
        lockTimeoutMs: 10_000,
        statementTimeoutMs: 60_000,
        maxLoads: 4,
        retry: DEFAULT_RETRY,
      },
      now: () => clock.now,
      random: () => randomBytes(16),
      onEvent: (event) => this.events.push(event),
    };
  }

  /** @param options `target`: what is added to the target's configuration. */
  static async open({
    target = {},
    ...options
  }: Parameters<typeof openDataApi>[0] & { target?: object } = {}): Promise<LaneOnDataApi> {
    const clock = { now: Date.now() };
    const api = await openDataApi({ ...options, server: { now: () => clock.now, ...options.server } });
    const lane = new LaneOnDataApi(api, { clock, target });
    await api.warehouse.transact(['CREATE TABLE public.cities (id INTEGER NOT NULL, name VARCHAR(40))']);
    await prepareTarget(lane.loader, TARGET);
    return lane;
  }

  close(): Promise<void> {
    return this.api.close();
  }

  pass(ms: number): void {
    this.#clock.now += ms;
  }

  /** Writes files of a row each, the number in their names, and lets them in. */
  async arrive(...names: readonly string[]): Promise<void> {
    const written = await Promise.all(
      names.map((name) => {
        const id = Number(/\d+/u.exec(name)?.[0] ?? 0);
        const key = `cities/${name}`;
        return this.api.objects.write({ bucket: 'lake', key }, `${id},${name.slice(0, 40)}\n`);
      }),
    );
    await intake(
      this.loader,
      written.flatMap((info) => (info === undefined ? [] : [info])),
    );
  }

  advance(): ReturnType<typeof advance> {
    return advance(this.loader, TARGET, { drain: true });
  }

  settle(): Promise<SettleOutcome> {
    return settle(this.loader, TARGET);
  }

  lane(): Promise<Lane> {
    return this.loader.tracker.lane(TARGET);
  }

  /** Settles until the warehouse is done with the lane's job. */
  async settled(): Promise<SettleOutcome> {
    for (let looks = 0; looks < 1_000; looks += 1) {
      const outcome = await this.settle();
      if (outcome.kind !== 'running') return outcome;
      const { state } = await this.lane();
      if (state.kind === 'running') await this.loader.warehouse.describe(state.statement, { waitMs: 5_000 });
    }
    throw new Error('the lane did not settle');
  }

  /** Waits until the job's COPY runs, with the lane lock held. For a server whose COPYs are slow. */
  async copying(): Promise<StatementRef> {
    const { state } = await this.lane();
    if (state.kind !== 'running') throw new Error(`the lane is ${state.kind}`);
    for (let looks = 0; looks < 1_000; looks += 1) {
      const { SubStatements = [] } = await this.api.client.send(
        new DescribeStatementCommand({ Id: state.statement.id }),
      );
      const copy = SubStatements.find(({ QueryString }) => QueryString?.startsWith('COPY'));
      if (copy?.Status === 'STARTED') return state.statement;
      await sleep(5);
    }
    throw new Error('the job did not come to its COPY');
  }

  /** Lets backoffs and holds pass until the lane is idle. */
  async drained(): Promise<void> {
    for (let rounds = 0; rounds < 30; rounds += 1) {
      this.pass(LEASE_MS + 1);
      const outcome = await this.advance();
      if (outcome.kind === 'idle') return;
      await this.settled();
    }
    throw new Error('the lane did not come to rest');
  }

  async ids(): Promise<number[]> {
    const rows = await this.api.warehouse.transact(['SELECT id FROM public.cities ORDER BY id']);
    return rows.map(({ id }) => Number(id));
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }
}
