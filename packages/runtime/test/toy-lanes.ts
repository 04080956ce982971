import {
  type Availability,
  advance,
  compileRoutes,
  type Dialect,
  intake,
  type Lane,
  type LoadError,
  type Loader,
  type LoaderEvent,
  parseConfig,
  routesOf,
  type StatementBatch,
  type StatementRef,
  type StatementStatus,
  settle,
  sweep,
  type Warehouse,
} from '@millrace/core';
import { MemoryObjectStore, MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';

/** What a load takes, in virtual time. */
export const LOAD_MS = 2_000;
const BUCKET = 'lake';

/** Statements are what they mean: nothing in these tests reads them. */
const dialect: Dialect = {
  name: 'toy',
  maxStatementBytes: 1e9,
  maxStatements: 100,
  render: (statement) => JSON.stringify(statement),
};

/** A warehouse that takes jobs, ends them after a while, and fails as it is told. Each method says what it was asked. */
class ToyWarehouse implements Warehouse {
  readonly dialect = dialect;
  readonly submitted: string[] = [];
  readonly #jobs = new Map<string, { endsAt: number; error: LoadError | null }>();
  readonly #now: () => number;
  /** Why a submission is refused; undefined: it is not. */
  refuses: (target: string) => LoadError | undefined = () => undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  async submit({ name }: StatementBatch): Promise<StatementRef> {
    const target = name.split('/')[1] ?? '';
    this.submitted.push(target);
    const error = this.refuses(target);
    if (error) throw error;
    this.#jobs.set(name, { endsAt: this.#now() + LOAD_MS, error: null });
    return { name, id: name };
  }

  /** Ends what runs. */
  kill(error: LoadError): void {
    for (const job of this.#jobs.values()) {
      if (job.endsAt > this.#now()) Object.assign(job, { endsAt: this.#now(), error });
    }
  }

  async describe({ id }: StatementRef): Promise<StatementStatus> {
    const job = this.#jobs.get(id);
    if (job === undefined) return { state: 'unknown' };
    if (job.endsAt > this.#now()) return { state: 'running' };
    return job.error ? { state: 'failed', error: job.error } : { state: 'finished', copiedRows: 1 };
  }

  async find(name: string): Promise<StatementRef | undefined> {
    return this.#jobs.has(name) ? { name, id: name } : undefined;
  }
  async cancel(): Promise<void> {}
  async copyErrors(): Promise<readonly []> {
    return [];
  }
  async transact(): Promise<readonly []> {
    return [];
  }
  async query(): Promise<{ columns: []; rows: [] }> {
    return { columns: [], rows: [] };
  }
  async describeTable(): ReturnType<Warehouse['describeTable']> {
    return [{ name: 'v', type: 'integer', isNullable: true, isIdentity: false }];
  }
}

export interface ToyOptions {
  readonly targets: readonly string[];
  readonly startAt: number;
  readonly windows?: Loader['settings']['windows'];
  readonly maxHoldMs?: number;
  readonly availability?: Availability;
}

/** Lanes over memory, in virtual time: the verbs are the real ones, the warehouse does what it is told. */
export class ToyLanes {
  now: number;
  readonly tracker = new MemoryTracker();
  readonly wakes = new MemoryWakeQueue();
  readonly objects = new MemoryObjectStore({ now: () => this.now });
  readonly warehouse = new ToyWarehouse(() => this.now);
  readonly events: LoaderEvent[] = [];
  readonly loader: Loader;
  #chance = 0;

  constructor({ targets, startAt, windows, maxHoldMs, availability }: ToyOptions) {
    this.now = startAt;
    const config = parseConfig(
      {
        targets: Object.fromEntries(
          targets.map((target) => [
            target,
            { mode: 'append', from: `s3://${BUCKET}/${target}/`, format: { kind: 'csv' }, freshness: '1s' },
          ]),
        ),
      },
      { source: 'toy' },
    );
    const routes = compileRoutes(config);
    this.loader = {
      tracker: this.tracker,
      objects: this.objects,
      warehouse: this.warehouse,
      wakes: this.wakes,
      ...(availability === undefined ? {} : { availability }),
      targets: new Map(config.targets),
      routesOf: (at) => routesOf(routes, at),
      settings: {
        control: config.control,
        database: 'dev',
        iamRole: 'default',
        leaseMs: 60_000,
        lockTimeoutMs: 60_000,
        statementTimeoutMs: 0,
        maxLoads: 10,
        retry: { maxAttempts: 3, baseMs: 100, capMs: 1_000 },
        ...(windows === undefined ? {} : { windows }),
        ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
      },
      now: () => this.now,
      random: () => {
        this.#chance += 1;
        return new Uint8Array(16).fill(this.#chance % 256);
      },
      onEvent: (event) => this.events.push(event),
    };
  }

  /** Files land and are announced. */
  async put(target: string, ...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const at = { bucket: BUCKET, key: `${target}/${name}` };
      const object = await this.objects.write(at, name);
      if (object) await intake(this.loader, [object]);
    }
  }

  lane(target: string): Promise<Lane> {
    return this.tracker.lane(target);
  }

  async look(target: string): Promise<{ readonly kind: string }> {
    await settle(this.loader, target);
    return advance(this.loader, target);
  }

  /** Time passes: wakes are heard when they are due, jobs that end are told, and every minute all is swept. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    for (let sweepAt = this.now + 60_000; this.now < until; this.now += 500) {
      for (const target of await this.wakes.takeDue(this.now)) await this.look(target);
      for (const { target, state } of await this.tracker.lanes()) {
        if (state.kind === 'running') await this.look(target);
      }
      if (this.now < sweepAt) continue;
      await sweep(this.loader);
      sweepAt = this.now + 60_000;
    }
  }

  /** Files per load, in the order in which the loads ended. */
  loadsOf(target: string): readonly number[] {
    return this.events.flatMap((event) =>
      event.kind === 'table-loaded' && event.target === target ? [event.job.files] : [],
    );
  }

  eventsOf<Kind extends LoaderEvent['kind']>(kind: Kind): readonly Extract<LoaderEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<LoaderEvent, { kind: Kind }> => event.kind === kind);
  }
}
