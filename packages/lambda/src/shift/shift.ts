import { metricsToStdout, toGaugeLine, toStdout } from '@millrace/aws/cloudwatch';
import {
  type AdvanceOutcome,
  admit,
  advance,
  chanceOf,
  definitionOf,
  isShut,
  type Lane,
  LoadError,
  type Loader,
  type LoaderEvent,
  type LoadFile,
  lanesInLine,
  prepareTarget,
  readGauges,
  settleFailure,
  type TableLoaded,
  toTableLoaded,
} from '@millrace/core';
import type { Site } from '../catalog/site.ts';
import type { Clients } from '../clients.ts';
import type { InvocationContext } from '../event/lambda-event.ts';
import { errorFields, type Log } from '../log.ts';
import { SiteWakes } from './site-wakes.ts';
import { publishTableLoaded } from './table-loaded.ts';

export interface ShiftParts {
  readonly clients: Clients;
  readonly eventBus: string;
  readonly log: Log;
  readonly now: () => number;
  readonly writeLine?: (line: string) => void;
  /** Hears what the verbs tell, beside metrics and log. */
  readonly onEvent?: (event: LoaderEvent) => void;
}

interface DueLane {
  readonly site: Site;
  readonly target: string;
  /** What waits is due, however young it is. */
  readonly isDraining: boolean;
  /** Which part of a full batch was let in just now; null: something else than an arrival made it due. */
  readonly share: number | null;
  /** As it was when it became due, where that is known: spares a look. */
  readonly lane?: Lane | undefined;
}

/** With less time left nothing new is begun: a load's plan and submission take a second or two, and requests time out. */
const MIN_LEFT_MS = 10_000;
/** Lanes become due while others are moved on: files that were rewritten, jobs that failed at once. */
const MAX_ROUNDS = 5;
/** How often a lane that fills is looked at on the way, whatever the size of the portions. */
const LOOKS_PER_BATCH = 4;
/** When a lane that could not be moved on is looked at again. */
const LOOK_AGAIN_MS = 5_000;

/**
 * What one invocation does beside its own errand: it moves on the lanes that are due because of it, and tells of what was
 * loaded. Nothing of it outlives the invocation.
 */
export class Shift {
  readonly #parts: ShiftParts;
  readonly #context: InvocationContext;
  readonly #loaders = new Map<Site, Loader>();
  readonly #due = new Map<string, DueLane>();
  readonly #broken = new Map<string, unknown>();
  readonly #loaded: TableLoaded[] = [];
  /** Sites where a job ended: there may be room for lanes that wait for it. */
  readonly #roomy = new Set<Site>();

  constructor(context: InvocationContext, parts: ShiftParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Whether it is too late to begin anything. */
  get isShort(): boolean {
    return this.#context.getRemainingTimeInMillis() < MIN_LEFT_MS;
  }

  /** The site's loader for this invocation. */
  loaderOf(site: Site): Loader {
    const known = this.#loaders.get(site);
    if (known) return known;
    const { now, writeLine, onEvent } = this.#parts;
    const measure = metricsToStdout({}, writeLine);
    const loader: Loader = {
      ...site.loader,
      wakes: new SiteWakes({ site, now, onDue: (target) => this.lookAt(site, target) }),
      onEvent: (event) => {
        measure(event);
        this.#note(site, event);
        onEvent?.(event);
      },
    };
    this.#loaders.set(site, loader);
    return loader;
  }

  /** Tells how the site's targets stand together: what no event tells. */
  async measure(site: Site): Promise<void> {
    const { now, writeLine = toStdout } = this.#parts;
    const loader = this.loaderOf(site);
    const { database } = loader.settings;
    writeLine(toGaugeLine(await readGauges(loader), { at: now(), database }));
  }

  /**
   * The lane is moved on at the end.
   *
   * @param options `isDraining`: what waits is due, however young it is. `lane`: as the caller has just left it.
   */
  lookAt(
    site: Site,
    target: string,
    { lane, ...options }: { readonly isDraining?: boolean; readonly lane?: Lane } = {},
  ): void {
    const key = laneKey(site, target);
    const isDraining = options.isDraining ?? this.#due.get(key)?.isDraining ?? false;
    this.#due.set(key, { site, target, isDraining, share: null, lane });
  }

  /**
   * Lets files into a lane. A lane that waits for its time already is looked at early only because its batch may be full
   * now. Counting costs a read of all that waits, at every intake: so it is done by chance, about four times per batch.
   * Whoever made the lane wait has left a wake for its time.
   *
   * @throws LoadError when the files are not written down.
   */
  async admit(site: Site, target: string, files: readonly LoadFile[]): Promise<void> {
    const loader = this.loaderOf(site);
    // Before anything is written down: a target that nobody knows has no lane.
    definitionOf(loader, target);
    const wasDue = this.isDue(site, target);
    const { lane } = await admit(loader, target, files);
    if (wasDue) return;
    const bytes = files.reduce((sum, { identity }) => sum + identity.size, 0);
    this.arrived(site, target, { files: files.length, bytes, lane });
  }

  /** Whether the lane is moved on at the end, for all that is known now. */
  isDue(site: Site, target: string): boolean {
    return this.#due.has(laneKey(site, target));
  }

  /**
   * Files were let into a lane that was not due before: letting them in has made it due, and this says that it need not
   * be. `lane`: as that left it.
   */
  arrived(
    site: Site,
    target: string,
    {
      files,
      bytes,
      lane,
    }: { readonly files: number; readonly bytes: number; readonly lane?: Lane | undefined },
  ): void {
    const { batching } = definitionOf(this.loaderOf(site), target);
    const share = Math.max(files / batching.maxFiles, bytes / batching.maxBytes);
    this.#due.set(laneKey(site, target), { site, target, isDraining: false, share, lane });
  }

  /** Why a lane could not be moved on; undefined when it could. */
  brokenBy(site: Site, target: string): unknown {
    return this.#broken.get(laneKey(site, target));
  }

  /**
   * Moves on what is due. What breaks is logged and looked at again in a few seconds: the files are written down, and the
   * errand of the invocation is done whatever becomes of it. Then tells of what was loaded.
   */
  async finish(): Promise<void> {
    const { clients, eventBus, log } = this.#parts;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await this.#lookForWaiting();
      const due = [...this.#due.values()].sort(bulkLast(this.#parts.now()));
      this.#due.clear();
      if (due.length === 0) break;
      for (const lane of due) await this.#moveOn(lane);
    }
    await publishTableLoaded(clients.eventBridge, this.#loaded.splice(0), { eventBus, log });
  }

  /**
   * Moves a lane on, as far as it can go now. A lane that never had a job, or was held, is made ready first: its ledger may
   * be missing.
   *
   * @param options `lane`: as the caller has read it.
   */
  async turn(
    site: Site,
    target: string,
    { isDraining = false, lane }: { readonly isDraining?: boolean; readonly lane?: Lane | undefined } = {},
  ): Promise<AdvanceOutcome> {
    const loader = this.loaderOf(site);
    await this.#prepareGroup(site, target);
    const seen = lane ?? (site.prepared.has(target) ? undefined : await loader.tracker.lane(target));
    let known = seen;
    if (seen !== undefined && !site.prepared.has(target)) {
      const isNeeded = needsPreparing(seen, loader.now());
      // What is paused or away is not asked about its tables either: the lane waits, and is made ready when it is back.
      const isPutOff = isNeeded && isShut(await loader.tracker.gate(), loader.now());
      if (isNeeded && !isPutOff) {
        if (!(await prepare(loader, seen))) return { kind: 'lost-race' };
        known = undefined;
      }
      if (!isPutOff) site.prepared.add(target);
    }
    const yields = givesWay(site, target, { lane: seen, now: loader.now() });
    const options = { drain: isDraining, lane: known };
    const outcome = await advance(yields ? leavingRoom(loader) : loader, target, options);
    if (outcome.kind === 'held') site.prepared.delete(target);
    return outcome;
  }

  /** A group's job has statements for each of its targets: all of them are made ready, once by each function. */
  async #prepareGroup(site: Site, target: string): Promise<void> {
    const loader = this.loaderOf(site);
    for (const member of site.targets.get(target)?.group?.members ?? []) {
      if (site.prepared.has(member) || isShut(await loader.tracker.gate(), loader.now())) continue;
      await prepareTarget(loader, member);
      site.prepared.add(member);
    }
  }

  /**
   * Makes a target ready that never had a job, before anything is asked of its ledger.
   *
   * @throws LoadError when it cannot be: `target-table-missing` …
   */
  async makeReady(site: Site, target: string): Promise<void> {
    if (site.prepared.has(target)) return;
    const loader = this.loaderOf(site);
    const { fence } = await loader.tracker.lane(target);
    if (fence > 0) return;
    await prepareTarget(loader, target);
    site.prepared.add(target);
  }

  async #moveOn(due: DueLane): Promise<void> {
    const { site, target, isDraining, lane } = due;
    const { now, log } = this.#parts;
    const key = laneKey(site, target);
    try {
      if (await this.#canWait(due)) {
        log.debug('the lane waits for its time', { target });
      } else if (this.isShort) {
        await this.loaderOf(site).wakes.wake(target, now() + 1);
      } else {
        await this.turn(site, target, { isDraining, lane });
      }
      this.#broken.delete(key);
    } catch (error) {
      this.#broken.set(key, error);
      log.error('a lane could not be moved on; it is looked at again', { target, ...errorFields(error) });
      // A queue that is what is broken is not asked once more: the sweeper is below.
      if (error instanceof LoadError && error.code.startsWith('queue-')) return;
      await this.loaderOf(site).wakes.wake(target, now() + LOOK_AGAIN_MS);
    }
  }

  async #canWait({ site, target, share, lane }: DueLane): Promise<boolean> {
    const loader = this.loaderOf(site);
    if (share === null || chanceOf(loader) < share * LOOKS_PER_BATCH) return false;
    const { state } = lane ?? (await loader.tracker.lane(target));
    return state.kind === 'waiting' && state.dueAt > loader.now();
  }

  /** Lanes that found no room wait for a job to end, the nearest deadline first; nobody else tells them. */
  async #lookForWaiting(): Promise<void> {
    const { now } = this.#parts;
    for (const site of this.#roomy) {
      this.#roomy.delete(site);
      // With fewer targets than places none can have found no room; bulk lanes leave one place free.
      if (site.targets.size < site.loader.settings.maxLoads) continue;
      const lanes = await this.loaderOf(site).tracker.lanes();
      const line = lanesInLine(lanes, {
        now: now(),
        freshnessMsOf: (target) => site.targets.get(target)?.batching.freshnessMs,
      });
      for (const lane of line) {
        const { target } = lane;
        const key = laneKey(site, target);
        const before = this.#due.get(key);
        // Noted anew: the lane that had the place is among them, and comes in its turn.
        this.#due.delete(key);
        const isDraining = before?.isDraining ?? false;
        this.#due.set(key, { site, target, isDraining, share: null, lane });
      }
    }
  }

  #note(site: Site, event: LoaderEvent): void {
    const { log } = this.#parts;
    const { target } = event;
    switch (event.kind) {
      case 'table-loaded': {
        const load = toTableLoaded(event, site.database);
        this.#loaded.push(load);
        this.#roomy.add(site);
        log.info('table loaded', { ...load });
        break;
      }
      case 'job-failed':
        this.#roomy.add(site);
        log.warn('a load job failed', { target, job: event.job.id, code: event.code, reason: event.reason });
        break;
      case 'table-changed':
        log.warn('a table was changed for a file', {
          target,
          statement: event.statement,
          url: event.fileUrl,
        });
        break;
      case 'lane-held':
        log.warn('a lane is held', {
          target,
          code: event.code,
          reason: event.reason,
          until: new Date(event.until).toISOString(),
        });
        break;
      case 'warehouse-held':
        log[event.isOverdue ? 'error' : 'warn']('the warehouse is away, and all lanes wait', {
          target,
          reason: event.reason,
          since: new Date(event.since).toISOString(),
          overdue: event.isOverdue,
        });
        break;
      case 'warehouse-back':
        log.info('the warehouse is back', { target, away_ms: event.at - event.since });
        break;
      case 'file-aside':
        log.warn(`a file is ${event.status}`, { target, url: event.file.url, ...event.evidence });
        break;
      case 'files-waiting':
      case 'job-submitted':
        break;
    }
  }
}

function laneKey({ name }: Site, target: string): string {
  return `${name}/${target}`;
}

/** Micro-batches first, the rest in the order in which they were found. */
function bulkLast(now: number): (one: DueLane, other: DueLane) => number {
  const rank = ({ site, target, lane }: DueLane): number => Number(givesWay(site, target, { lane, now }));
  return (one, other) => rank(one) - rank(other);
}

/** Bulk lanes let micro-batches go first, until their own deadline is over: that much is their share. */
function givesWay(
  site: Site,
  target: string,
  { lane, now }: { lane: Lane | undefined; now: number },
): boolean {
  if (!site.bulkTargets.has(target)) return false;
  const isBehind = lane?.state.kind === 'waiting' && (lane.state.deadlineAt ?? now + 1) <= now;
  return !isBehind;
}

/** Bulk lanes leave a place of the budget to micro-batches, where there is more than one. */
function leavingRoom(loader: Loader): Loader {
  const { settings } = loader;
  return { ...loader, settings: { ...settings, maxLoads: Math.max(1, settings.maxLoads - 1) } };
}

function needsPreparing({ fence, arrivals, state }: Lane, now: number): boolean {
  if (state.kind === 'held') return now >= state.until;
  return fence === 0 && arrivals > 0 && (state.kind === 'idle' || state.kind === 'waiting');
}

/** @returns false when the lane could not be made ready, which the lane and its files say then. */
async function prepare(loader: Loader, lane: Lane): Promise<boolean> {
  try {
    await prepareTarget(loader, lane.target);
    return true;
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const { batching } = loader.targets.get(lane.target) ?? {};
    const waiting = await loader.tracker.waitingFiles(lane.target, batching?.maxFiles ?? 1);
    if (waiting.length === 0) return false;
    const files = waiting.map(({ file }) => file);
    await settleFailure(loader, { lane, job: null, statement: null, error, files });
    return false;
  }
}
