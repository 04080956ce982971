import { mkdirSync } from 'node:fs';
import {
  intake,
  type Loader,
  type LoaderEvent,
  type ObjectInfo,
  parseConfig,
  prepareTarget,
} from '@millrace/core';
import { type Adapters, LaneDriver, openAdapters } from '@millrace/runtime';

/** Notifications taken in at once: as many as the watcher of a directory hands over. */
const INTAKE_BATCH = 1_000;

export interface BenchLaneOptions {
  /** A new directory for warehouse, tracker and job documents. */
  readonly directory: string;
  /** Where the buckets are; may be shared between lanes. */
  readonly objects: string;
  readonly target: string;
  /** Of the target's table. */
  readonly columns: string;
  /** The target as it is configured. */
  readonly definition: unknown;
  /**
   * The warehouse as it is configured.
   *
   * @default redshift-local, in `directory`
   */
  readonly warehouse?: unknown;
}

/**
 * One lane of the real pipeline: what `Millrace` is made of, without its watcher and its timers, so that a
 * measurement begins and ends where it says.
 */
export class BenchLane {
  readonly loader: Loader;
  readonly #open: Adapters;
  readonly #driver: LaneDriver;
  readonly #target: string;
  #awaited: { files: number; resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(open: Adapters, driver: LaneDriver, target: string) {
    this.#open = open;
    this.loader = open.loader;
    this.#driver = driver;
    this.#target = target;
  }

  static async open(options: BenchLaneOptions): Promise<BenchLane> {
    const { directory, objects, target, columns, definition, warehouse } = options;
    mkdirSync(directory, { recursive: true });
    const config = parseConfig(
      {
        objects: { kind: 'directory', path: objects },
        targets: { [target]: definition },
        ...(warehouse === undefined ? {} : { warehouse }),
      },
      { source: 'the benchmark' },
    );
    const told = { onEvent: (_: LoaderEvent): void => {}, onCompletion: (_: string): void => {} };
    const fail = (where: string, error: unknown): void => lane.#fail(`${where} failed`, error);
    const open = await openAdapters(config, {
      directory,
      what: 'the benchmark',
      onEvent: (event) => told.onEvent(event),
      onCompletion: (completed) => told.onCompletion(completed),
      onError: fail,
    });
    const driver = new LaneDriver(open.loader, { onError: fail, onTurned: () => {} });
    driver.drain();
    const lane = new BenchLane(open, driver, target);
    told.onEvent = (event) => lane.#note(event);
    told.onCompletion = (completed) => driver.look(completed);
    await lane.run(`CREATE TABLE ${target} (${columns})`);
    await prepareTarget(open.loader, target);
    return lane;
  }

  /** What the store tells of the objects below a prefix: the notifications that S3 would send. */
  async announced(prefix: string): Promise<readonly ObjectInfo[]> {
    const infos: ObjectInfo[] = [];
    for await (const info of this.loader.objects.list({ bucket: 'lake', prefix })) infos.push(info);
    return infos;
  }

  /** From the notification to the settled job: intake, and the lane's turns until all of these files are loaded. */
  async load(objects: readonly ObjectInfo[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#awaited = { files: objects.length, resolve, reject };
    for (let from = 0; from < objects.length; from += INTAKE_BATCH) {
      await intake(this.loader, objects.slice(from, from + INTAKE_BATCH));
      this.#driver.look(this.#target);
    }
    await promise;
  }

  /** Lets the lane come to rest. */
  async rest(): Promise<void> {
    while (this.#driver.isTurning) await new Promise(setImmediate);
  }

  /** Runs the warehouse's SQL as one transaction. */
  async run(...statements: string[]): Promise<void> {
    await this.loader.warehouse.transact(statements);
  }

  async countRows(): Promise<number> {
    const rows = await this.loader.warehouse.transact([`SELECT count(*) AS n FROM ${this.#target}`]);
    return Number(rows[0]?.n);
  }

  get engine(): NonNullable<Adapters['engine']> {
    const { engine } = this.#open;
    if (engine === undefined) throw new Error('the warehouse of a benchmark is in its process');
    return engine;
  }

  async close(): Promise<void> {
    await this.rest();
    await this.#open.close();
  }

  #note(event: LoaderEvent): void {
    if (event.kind === 'job-failed' || event.kind === 'lane-held')
      this.#fail(`a job failed: ${event.reason}`);
    if (event.kind !== 'table-loaded' || this.#awaited === undefined) return;
    this.#awaited.files -= event.job.files;
    if (this.#awaited.files === 0) this.#awaited.resolve();
  }

  #fail(message: string, cause?: unknown): void {
    this.#awaited?.reject(new Error(message, { cause }));
  }
}
