import { resolve } from 'node:path';
import {
  type Actor,
  type BackfillRequest,
  type BackfillStep,
  BoardReader,
  type BrokenLane,
  backfillFiles,
  bulkLoad,
  type CancelRequest,
  cancelAs,
  type FileSelection,
  findRemovedTargets,
  type HandedFile,
  type LoadError,
  type Loader,
  type LoadHistory,
  listFiles,
  type MillraceConfig,
  type Operations,
  type Overview,
  type PauseScope,
  pauseAs,
  prepareTarget,
  type ReconcilePage,
  type ReconcileRequest,
  type RedriveReport,
  type RejectPage,
  type RejectRedriveReport,
  type RejectReport,
  type RejectSelection,
  reconcileAs,
  redriveAs,
  redriveRejectsAs,
  releaseHolds,
  reportStatus,
  resumeAs,
  type StatusReport,
  sweep,
} from '@millrace/core';
import type { Adapters, Announcer } from './adapters.ts';
import type { AlertDesk } from './alert-desk.ts';
import { drainLanes, type HeldLane, lanesOf } from './drain-lanes.ts';
import { EventDesk } from './events/event-desk.ts';
import { LaneDriver } from './lane-driver.ts';
import { loadLocalFiles } from './load-local-files.ts';
import { LoadRecord } from './load-record.ts';
import { type LoadedDesk, openLoadedDesk } from './loaded-desk.ts';
import { LoaderOperations } from './loader-operations.ts';
import { type MillraceOptions, PATIENCE_MS } from './millrace-options.ts';
import { openAdapters } from './open-adapters.ts';
import { openAlertDesk } from './open-alert-desk.ts';
import { reportToStderr } from './report-to-stderr.ts';
import { takeQueued, takeRouted } from './take-objects.ts';
import { waitOut } from './wait-out.ts';

/** How long a stop waits for the jobs in hand. */
const FINISH_MS = 20_000;
/** And for receivers that are to hear of them. */
const TELL_MS = 8_000;
/** How often a board is read that costs no requests, and one that does. */
const LOCAL_REFRESH_MS = 1_000;
const SHARED_REFRESH_MS = 5_000;
/** How often the lanes of handed files are looked at: what another worker has in hand ends unheard. */
const HANDED_LOOK_MS = 2_000;

/**
 * The whole pipeline as one process, over whatever adapters a configuration names: on one machine a directory, DuckDB
 * and SQLite; in a container S3, Redshift and a tracker of either kind.
 */
export class Millrace extends LoaderOperations implements Operations {
  readonly #open: Adapters;
  readonly #driver: LaneDriver;
  readonly #record: LoadRecord;
  readonly #board: BoardReader;
  readonly #onError: (where: string, error: unknown) => void;
  readonly #alerts: AlertDesk | undefined;
  readonly #loads: LoadedDesk | undefined;
  readonly events: EventDesk;
  #announcer: Announcer | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  /** Targets that this process was handed files for. */
  readonly #handed = new Set<string>();
  #handedTimer: NodeJS.Timeout | undefined;
  readonly #listings = new Set<Promise<void>>();
  #isWorking = false;
  #isStopping = false;

  private constructor(
    config: MillraceConfig,
    open: Adapters,
    options: MillraceOptions & {
      driver: LaneDriver;
      loader: Loader;
      alerts?: AlertDesk | undefined;
      loads?: LoadedDesk | undefined;
      record?: LoadRecord;
    },
  ) {
    super(options.loader, { config, directory: options.directory });
    this.#open = open;
    this.#driver = options.driver;
    this.#record = options.record ?? new LoadRecord(options.loader.now());
    const refreshMs = config.tracker.kind === 'sqlite' ? LOCAL_REFRESH_MS : SHARED_REFRESH_MS;
    this.#board = new BoardReader(options.loader, { refreshMs });
    this.#alerts = options.alerts;
    this.#loads = options.loads;
    this.#onError = options.onError ?? reportToStderr;
    const { directory } = options;
    this.events = new EventDesk(config, this.loader, {
      access: open.events,
      directory,
      onError: this.#onError,
    });
  }

  /**
   * Opens the adapters (state of this machine is then this process's alone), applies what migrations are pending, makes
   * every target ready.
   *
   * @throws LoadError `state-in-use`, `migrations-invalid`, `migration-failed`, `target-table-missing`, `target-column-missing`
   */
  static async open(config: MillraceConfig, options: MillraceOptions): Promise<Millrace> {
    const {
      directory,
      onEvent = () => {},
      onError = reportToStderr,
      what = 'millrace',
      instrument,
      migrates = true,
      patienceMs = PATIENCE_MS,
      signal,
    } = options;
    // Completions and ended turns are told before there is anybody to tell: nothing is under way until `start`.
    const told = { onCompletion: (_target: string): void => {}, onTurned: (): void => {} };
    const record = new LoadRecord(Date.now());
    let alerts: AlertDesk | undefined;
    let loads: LoadedDesk | undefined;
    const open = await openAdapters(config, {
      directory,
      what,
      onEvent: (event) => {
        record.hear(event);
        onEvent(event);
        alerts?.hear(event);
        loads?.hear(event);
      },
      onCompletion: (target) => told.onCompletion(target),
      onError,
      ...(options.onSkipped === undefined ? {} : { onSkipped: options.onSkipped }),
      ...{ events: options.events, stream: options.stream },
    });
    try {
      const loader = instrument === undefined ? open.loader : instrument(open.loader);
      const driver = new LaneDriver(loader, { onError, onTurned: () => told.onTurned() });
      const broken = (): ReadonlyMap<string, BrokenLane> => driver.brokenAgainAndAgain();
      alerts = openAlertDesk(config, loader, { ...options, broken, onError });
      const { database } = loader.settings;
      loads = openLoadedDesk(config, { database, now: loader.now, onError });
      const millrace = new Millrace(config, open, { ...options, driver, loader, alerts, loads, record });
      told.onCompletion = (target) => driver.look(target);
      told.onTurned = () => open.wakeSource.look();
      const onWait = (error: LoadError): void => onError('starting, tried again', error);
      const makeReady = async (): Promise<void> => {
        if (migrates) await millrace.migrate({ dryRun: false });
        for (const target of config.targets.keys()) await prepareTarget(open.loader, target);
      };
      await options.onOwned?.();
      await waitOut(makeReady, { patienceMs, onWait, signal });
      return millrace;
    } catch (error) {
      if (signal?.aborted !== true) await alerts?.couldNotStart(error);
      await open.close();
      throw error;
    }
  }

  /** Opens for reading and for migrations alone: nothing is migrated, no target has to be ready. */
  static async inspect(config: MillraceConfig, options: MillraceOptions): Promise<Millrace> {
    const { directory, onError = reportToStderr, what = 'millrace' } = options;
    const open = await openAdapters(config, {
      directory,
      what,
      onEvent: () => {},
      onCompletion: () => {},
      onError,
    });
    const driver = new LaneDriver(open.loader, { onError, onTurned: () => {} });
    return new Millrace(config, open, { ...options, driver, loader: open.loader });
  }

  /** Begins to work: finishes what a dead process left, lists what nobody announced, then watches. */
  async start(): Promise<void> {
    const { isAlone, wakeSource } = this.#open;
    this.#isWorking = true;
    await this.#open.clear?.();
    // Where others work on the lanes too, what they hold and have in hand is theirs until its lease is over.
    if (isAlone) await releaseHolds(this.loader);
    const { broken } = await sweep(this.loader, { isAlone });
    for (const [target, error] of broken) this.#onError(target, error);
    for (const [target, error] of await findRemovedTargets(this.loader)) this.#onError(target, error);
    for (const { state } of await lanesOf(this.loader))
      if (state.kind === 'running') this.#open.follow?.(state.statement);
    await this.#watch();
    // Notifications and the sweep's listings are there without it: a warehouse that is away now does not end the process.
    await this.#list().catch((error: unknown) => this.#onError('listing', error));
    this.#scheduleSweep();
    this.#lookAtAll();
    wakeSource.start((targets) => this.#lookAt(targets));
    this.#alerts?.started();
  }

  /**
   * Begins to work on what is handed to this process by `load`, `bulk` and `redrive`, and on nothing else: for a short
   * command beside the workers of a shared tracker.
   */
  startHanded(): void {
    this.#isWorking = true;
    this.#open.wakeSource.start((targets) => this.#lookAt(targets));
    this.#handedTimer = setInterval(() => this.#lookAt(this.#handed), HANDED_LOOK_MS);
  }

  /**
   * Drains: what waits is due. Resolves when nothing waits or runs; lanes that are held or paused are told.
   *
   * @throws what breaks a lane again and again.
   */
  async untilIdle(): Promise<{ held: readonly HeldLane[] }> {
    await this.#announcer?.drain?.();
    return drainLanes(this.loader, {
      driver: this.#driver,
      lookAt: (targets) => this.#lookAt(targets),
      list: () => this.#list(),
    });
  }

  /** Takes nothing new, finishes the jobs in hand, closes everything, gives the state directory back. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearTimeout(this.#sweepTimer);
    clearInterval(this.#handedTimer);
    try {
      await this.#open.wakeSource.stop();
      await this.#announcer?.close();
      await Promise.all(this.#listings);
      // Who only looked has nothing in hand.
      if (this.#isWorking) await this.#driver.finish({ withinMs: FINISH_MS });
      await Promise.all([this.#alerts?.stop(), this.#loads?.stop({ withinMs: TELL_MS })]);
    } finally {
      await this.#open.close();
    }
  }

  async status(): Promise<StatusReport> {
    const report = await reportStatus(this.loader, { brokenBy: (target) => this.#driver.brokenBy(target) });
    return { ...report, ...(await this.events.status()) };
  }

  rejects(selection: RejectSelection, page?: RejectPage): Promise<RejectReport> {
    return this.events.rejects(selection, page);
  }

  async redriveRejects(selection: RejectSelection, actor: Partial<Actor> = {}): Promise<RejectRedriveReport> {
    const redrive = () => this.events.redriveRejects(selection);
    const { report, targets } = await redriveRejectsAs(this.loader, selection, { actor, redrive });
    this.#lookAtHanded(targets);
    return report;
  }

  overview(): Promise<Overview> {
    const brokenBy = (target: string): unknown => this.#driver.brokenBy(target);
    return this.#board.read({ brokenBy, endedHolds: this.#record.endedHolds });
  }

  async loadHistory(target: string | null): Promise<LoadHistory> {
    return this.#record.history(target, this.loader.now());
  }

  async pause(request: PauseScope & { by: string; why: string }): Promise<{ since: string }> {
    return { since: new Date(await pauseAs(this.loader, request)).toISOString() };
  }

  async resume(request: PauseScope & Partial<Actor>): Promise<{ wasPaused: boolean }> {
    const wasPaused = await resumeAs(this.loader, request);
    const { target } = request;
    if (wasPaused) this.#lookAt(target === null ? this.loader.targets.keys() : [target]);
    return { wasPaused };
  }

  async redrive(selection: FileSelection, actor: Partial<Actor> = {}): Promise<RedriveReport> {
    const { targets, ...report } = await redriveAs(this.loader, selection, actor);
    this.#lookAtHanded(targets);
    return report;
  }

  async cancel(request: CancelRequest): Promise<{ cancelled: true }> {
    await cancelAs(this.loader, request);
    this.#lookAt([request.target]);
    return { cancelled: true };
  }

  async load(target: string, paths: readonly string[]): Promise<readonly HandedFile[]> {
    const handed = await loadLocalFiles(this.loader, target, paths);
    this.#lookAtHanded([target]);
    return handed;
  }

  async bulk(text: string): Promise<readonly HandedFile[]> {
    const handed = await bulkLoad(this.loader, text, { targets: this.#open.targets });
    this.#lookAtHanded(new Set(handed.map(({ target }) => target)));
    return handed;
  }

  async reconcile(request: ReconcileRequest): Promise<ReconcilePage> {
    const page = await reconcileAs(this.loader, request);
    if (request.repair) this.#lookAtAll();
    return page;
  }

  async backfill(request: BackfillRequest): Promise<BackfillStep> {
    const step = await backfillFiles(this.loader, request);
    // Somebody waits for those that were in the line before, too.
    if (step.handed.length + step.inLine.length > 0) this.#lookAtHanded([request.target]);
    return step;
  }

  /** @throws LoadError `backup-elsewhere` when the state is not on this machine, `backup-exists` */
  async backup(directory: string): Promise<{ bytes: number }> {
    return { bytes: await this.#open.backUp(resolve(this.directory, directory)) };
  }

  #lookAtHanded(targets: Iterable<string>): void {
    for (const target of targets) {
      this.#handed.add(target);
      this.#lookAt([target], { isUrgent: true });
    }
  }

  #lookAt(targets: Iterable<string>, options: { isUrgent?: boolean } = {}): void {
    if (!this.#isWorking) return;
    for (const target of targets) if (this.loader.targets.has(target)) this.#driver.look(target, options);
  }

  #lookAtAll(): void {
    this.#lookAt(this.loader.targets.keys());
  }

  async #watch(): Promise<void> {
    this.#announcer = await this.#open.announce?.({
      loader: this.loader,
      onAdmitted: (targets) => this.#lookAt(targets),
      prefixes: [...this.loader.targets.values()].flatMap(({ from }) => from),
      onObjects: async (objects) => this.#lookAt(await takeRouted(this.loader, objects)),
      onQueued: async (targets, objects) => {
        await takeQueued(this.loader, targets, objects);
        this.#lookAt(targets);
      },
      onListAgain: () => void this.#list().catch((error: unknown) => this.#onError('listing', error)),
      onError: (error) => {
        this.#onError('notifications', error);
        this.#alerts?.refused(error);
      },
    });
  }

  async #list(): Promise<{ added: number }> {
    if (this.#isStopping) return { added: 0 };
    const listing = listFiles(this.loader);
    // A stop waits for it: the stores that it reads are not closed under it. Its failure is its caller's.
    const ended = listing.then(
      () => this.#alerts?.listed(),
      (error: unknown) => this.#alerts?.listed(error),
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
      this.#alerts?.look();
      if (!this.#isStopping) this.#scheduleSweep();
    }, this.config.sweepMs);
  }
}
