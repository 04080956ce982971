import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type FailureEntry,
  type FileSelection,
  type HandedFile,
  intake,
  type Lane,
  LoadError,
  type Loader,
  type LoaderEvent,
  listFiles,
  type MigrationReport,
  type MillraceConfig,
  type ObjectInfo,
  type Operations,
  type PlanReport,
  type QueryResult,
  releaseHolds,
  type StatusReport,
  sweep,
} from '@millrace/core';
import { DirectoryWatcher } from '../filesystem/directory-watcher.ts';
import { backUp } from './back-up.ts';
import { findRemovedTargets } from './find-removed-targets.ts';
import { LaneDriver } from './lane-driver.ts';
import {
  bulkLoad,
  handedFiles,
  listFailures,
  loadLocalFiles,
  planTarget,
  redriveFiles,
} from './local-operations.ts';
import { type OpenLoader, openLoader } from './open-loader.ts';
import { readyTarget } from './ready-target.ts';
import { runMigrations } from './run-migrations.ts';
import { reportStatus } from './status-report.ts';

export interface LocalMillraceOptions {
  /** The project's directory: relative paths of the configuration start here. */
  readonly directory: string;
  readonly onEvent?: (event: LoaderEvent) => void;
  /** A failure that belongs to no file and no job: a lane's turn or the watcher broke. Work goes on. */
  readonly onError?: (where: string, error: unknown) => void;
  /** What this process does, for those that are refused meanwhile. */
  readonly what?: string;
  /** Told once of each path in the object store that is no object (a link, a name that cannot be a key), and why. */
  readonly onSkipped?: (path: string, why: string) => void;
  /** Puts something between the verbs and their ports: a crash, a delay, a count. */
  readonly instrument?: (loader: Loader) => Loader;
}

/** A lane that waits for somebody. */
export interface HeldLane {
  readonly target: string;
  readonly reason: string;
}

/** How long a stop waits for the jobs in hand. */
const FINISH_MS = 20_000;
/** How often `untilIdle` looks when nothing tells it to. */
const IDLE_POLL_MS = 50;

/** The whole pipeline on one machine: a directory plays S3, DuckDB plays Redshift, SQLite keeps the lanes. */
export class LocalMillrace implements Operations {
  readonly #config: MillraceConfig;
  readonly #directory: string;
  readonly #open: OpenLoader;
  readonly #loader: Loader;
  readonly #driver: LaneDriver;
  readonly #onError: (where: string, error: unknown) => void;
  #watcher: DirectoryWatcher | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  readonly #listings = new Set<Promise<void>>();
  #isWorking = false;
  #isStopping = false;

  private constructor(
    config: MillraceConfig,
    open: OpenLoader,
    options: LocalMillraceOptions & { driver: LaneDriver; loader: Loader },
  ) {
    this.#config = config;
    this.#directory = options.directory;
    this.#open = open;
    this.#loader = options.loader;
    this.#driver = options.driver;
    this.#onError = options.onError ?? reportToStderr;
  }

  /**
   * Takes the state directory, opens the adapters, applies what migrations are pending, makes every target ready.
   *
   * @throws LoadError `state-in-use`, `migrations-invalid`, `migration-failed`, `target-table-missing`, `target-column-missing`
   */
  static async open(config: MillraceConfig, options: LocalMillraceOptions): Promise<LocalMillrace> {
    const {
      directory,
      onEvent = () => {},
      onError = reportToStderr,
      what = 'millrace',
      instrument,
    } = options;
    // Completions and ended turns are told before there is anybody to tell: nothing is under way until `start`.
    const told = { onCompletion: (_target: string): void => {}, onTurned: (): void => {} };
    const open = await openLoader(config, {
      directory,
      what,
      onEvent,
      onCompletion: (target) => told.onCompletion(target),
      ...(options.onSkipped === undefined ? {} : { onSkipped: options.onSkipped }),
    });
    try {
      const loader = instrument === undefined ? open.loader : instrument(open.loader);
      const driver = new LaneDriver(loader, { onError, onTurned: () => told.onTurned() });
      const millrace = new LocalMillrace(config, open, { ...options, driver, loader });
      told.onCompletion = (target) => driver.look(target);
      told.onTurned = () => millrace.#armWakes();
      await millrace.migrate({ dryRun: false });
      for (const target of config.targets.keys()) await readyTarget(open, target);
      return millrace;
    } catch (error) {
      await open.close();
      throw error;
    }
  }

  /** Opens for reading and for migrations alone: nothing is migrated, no target has to be ready. */
  static async inspect(config: MillraceConfig, options: LocalMillraceOptions): Promise<LocalMillrace> {
    const { directory, onError = reportToStderr, what = 'millrace' } = options;
    const open = await openLoader(config, { directory, what, onEvent: () => {}, onCompletion: () => {} });
    const driver = new LaneDriver(open.loader, { onError, onTurned: () => {} });
    return new LocalMillrace(config, open, { ...options, driver, loader: open.loader });
  }

  /** Begins to work: finishes what a dead process left, lists what nobody announced, then watches. */
  async start(): Promise<void> {
    this.#isWorking = true;
    // What a killed process was writing: never an object, only space.
    await this.#open.objects.removeAbandoned();
    // Nobody else can have a lane's job in hand: the state directory is ours alone.
    await releaseHolds(this.#loader);
    const { broken } = await sweep(this.#loader, { isAlone: true });
    for (const [target, error] of broken) this.#onError(target, error);
    for (const [target, error] of await findRemovedTargets(this.#loader)) this.#onError(target, error);
    await this.#watch();
    await this.#list();
    this.#scheduleSweep();
    this.#lookAtAll();
    this.#armWakes();
  }

  /**
   * Drains: what waits is due. Resolves when nothing waits or runs; lanes that are held or paused are told.
   *
   * @throws what breaks a lane again and again.
   */
  async untilIdle(): Promise<{ held: readonly HeldLane[] }> {
    this.#driver.drain();
    this.#lookAtAll();
    for (;;) {
      await pause(IDLE_POLL_MS);
      this.#driver.throwIfBroken();
      if (this.#driver.isTurning) continue;
      const busy = (await this.#lanes()).filter((lane) => !isAtRest(lane));
      if (busy.length > 0) {
        for (const { target, state } of busy) {
          // A lane that broke is looked at again by itself, when its time has come.
          if (this.#driver.brokenBy(target) !== undefined) continue;
          if (isDue(state, this.#loader.now())) this.#driver.look(target);
        }
        continue;
      }
      // What was being written when the run began may be whole by now.
      const { added } = await this.#list();
      if (added > 0 || this.#driver.isTurning) continue;
      // The watcher may have brought something during the listing, whose job runs now.
      if ((await this.#lanes()).every(isAtRest)) break;
    }
    return { held: (await this.#lanes()).flatMap(toHeldLane) };
  }

  /** Takes nothing new, finishes the jobs in hand, closes everything, gives the state directory back. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearTimeout(this.#wakeTimer);
    clearTimeout(this.#sweepTimer);
    await this.#watcher?.close();
    await Promise.all(this.#listings);
    await this.#driver.finish({ withinMs: FINISH_MS });
    await this.#open.close();
  }

  status(): Promise<StatusReport> {
    return reportStatus(this.#loader, { brokenBy: (target) => this.#driver.brokenBy(target) });
  }

  failures(selection: FileSelection): Promise<readonly FailureEntry[]> {
    return listFailures(this.#loader, selection);
  }

  async redrive(selection: FileSelection): Promise<{ redriven: number }> {
    const { redriven, targets } = await redriveFiles(this.#loader, selection);
    this.#lookAt(targets, { isUrgent: true });
    return { redriven };
  }

  plan(target: string): Promise<PlanReport> {
    return planTarget(this.#loader, target);
  }

  async query(sql: string): Promise<QueryResult> {
    return this.#open.warehouse.query(sql);
  }

  async load(target: string, paths: readonly string[]): Promise<readonly HandedFile[]> {
    const handed = await loadLocalFiles(this.#loader, target, paths);
    this.#lookAt([target], { isUrgent: true });
    return handed;
  }

  async bulk(text: string): Promise<readonly HandedFile[]> {
    const handed = await bulkLoad(this.#open, text);
    this.#lookAt(new Set(handed.map(({ target }) => target)), { isUrgent: true });
    return handed;
  }

  filesById(target: string, ids: readonly string[]): Promise<readonly HandedFile[]> {
    return handedFiles(this.#loader, target, ids);
  }

  migrate({ dryRun }: { dryRun: boolean }): Promise<MigrationReport> {
    const folder = resolve(this.#directory, this.#config.migrations);
    return runMigrations(this.#loader.warehouse, folder, { dryRun, now: this.#loader.now });
  }

  backup(directory: string): Promise<{ bytes: number }> {
    return backUp(this.#open, resolve(this.#directory, directory));
  }

  #lookAt(targets: Iterable<string>, options: { isUrgent?: boolean } = {}): void {
    if (!this.#isWorking) return;
    for (const target of targets) if (this.#loader.targets.has(target)) this.#driver.look(target, options);
  }

  /** The lanes of the targets that there are. */
  async #lanes(): Promise<readonly Lane[]> {
    const lanes = await this.#loader.tracker.lanes();
    return lanes.filter(({ target }) => this.#loader.targets.has(target));
  }

  #lookAtAll(): void {
    this.#lookAt(this.#loader.targets.keys());
  }

  async #watch(): Promise<void> {
    const prefixes = [...this.#loader.targets.values()].flatMap(({ from }) => from);
    this.#watcher = await DirectoryWatcher.watch(this.#open.objects, {
      prefixes,
      settleMs: this.#config.settleMs,
      onObjects: (objects) => this.#take(objects),
      onListAgain: () => void this.#list().catch((error: unknown) => this.#onError('listing', error)),
      onError: (error) => this.#onError('watcher', error),
    });
  }

  async #take(objects: readonly ObjectInfo[]): Promise<void> {
    const report = await intake(
      this.#loader,
      objects.map((object) => ({ ...object, writtenAt: object.lastModifiedAt })),
    );
    this.#lookAt(report.added.keys());
  }

  async #list(): Promise<{ added: number }> {
    if (this.#isStopping) return { added: 0 };
    const listing = listFiles(this.#loader);
    // A stop waits for it: the stores that it reads are not closed under it. Its failure is its caller's.
    const ended = listing.then(
      () => {},
      () => {},
    );
    this.#listings.add(ended);
    try {
      const report = await listing;
      if (report.added > 0) this.#lookAtAll();
      return report;
    } finally {
      this.#listings.delete(ended);
    }
  }

  /** The net: lanes whose wake was lost, files that no notification told of. */
  #scheduleSweep(): void {
    this.#sweepTimer = setTimeout(async () => {
      try {
        await this.#list();
        this.#lookAtAll();
      } catch (error) {
        this.#onError('sweep', error);
      }
      if (!this.#isStopping) this.#scheduleSweep();
    }, this.#config.sweepMs);
  }

  #armWakes(): void {
    if (!this.#isWorking || this.#isStopping) return;
    clearTimeout(this.#wakeTimer);
    void this.#nextWake().catch((error: unknown) => this.#onError('wakes', error));
  }

  async #nextWake(): Promise<void> {
    const { wakes } = this.#open;
    const wakeAt = await wakes.nextWakeAt();
    if (wakeAt === null || this.#isStopping) return;
    const delayMs = Math.max(0, Math.min(wakeAt - this.#loader.now(), this.#config.sweepMs));
    clearTimeout(this.#wakeTimer);
    this.#wakeTimer = setTimeout(async () => {
      try {
        this.#lookAt(await wakes.takeDue(this.#loader.now()));
      } catch (error) {
        this.#onError('wakes', error);
      }
      this.#armWakes();
    }, delayMs);
  }
}

function isAtRest({ state }: Lane): boolean {
  return state.kind === 'idle' || state.kind === 'held' || state.kind === 'paused';
}

function isDue(state: Lane['state'], now: number): boolean {
  return state.kind === 'waiting' && state.dueAt <= now;
}

function toHeldLane({ target, state }: Lane): HeldLane[] {
  if (state.kind === 'held') return [{ target, reason: state.reason }];
  if (state.kind === 'paused') return [{ target, reason: `paused by ${state.by}: ${state.why}` }];
  return [];
}

function reportToStderr(where: string, error: unknown): void {
  const message =
    error instanceof LoadError
      ? error.sentence
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`${where}: ${message}\n`);
}
