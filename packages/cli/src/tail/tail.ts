import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EventSender,
  type EventSenderOptions,
  type OutgoingEvent,
  type RefusedEvent,
} from './event-sender.ts';
import { type FoundLog, findLogs, findRenamed, keyOf, missingLogs } from './find-logs.ts';
import { encodeLineEvent, type LineEventOptions } from './line-event.ts';
import { LogFile } from './log-file.ts';
import { type LogState, TailState } from './tail-state.ts';

export interface TailOptions {
  /** Paths and globs. */
  readonly patterns: readonly string[];
  /** Where relative ones begin. */
  readonly directory: string;
  /** The file that keeps how far each log is sent. */
  readonly statePath: string;
  /** Logs that are there at the very first start are sent from what is written after it. */
  readonly fromEnd?: boolean;
  readonly event: Omit<LineEventOptions, 'time'>;
  readonly sender: Pick<EventSenderOptions, 'url' | 'key' | 'timeoutMs' | 'backoffMs'>;
  /** How often logs are looked at. @default 500 */
  readonly pollMs?: number;
  /** A log that was renamed or deleted is finished when nothing was written to it for so long. @default 60,000 */
  readonly quietMs?: number;
  /** @default 1,000 */
  readonly maxBatchEvents?: number;
  /** Of lines. @default 1 MiB */
  readonly maxBatchBytes?: number;
  /** Of one line; longer ones are cut. @default 160,000: six times that, as JSON has it at worst, fits into an event of 1 MB */
  readonly maxLineBytes?: number;
  /** Returns when everything that is there is sent. */
  readonly untilIdle?: boolean;
  readonly onNote: (note: string) => void;
  readonly now?: () => number;
}

/** A log that is followed, and since when no pattern finds it: renamed or deleted. */
interface Followed {
  readonly log: LogFile;
  goneSince: number | null;
}

export interface TailReport {
  readonly sent: number;
  readonly refused: number;
}

const DEFAULT_POLL_MS = 500;
const DEFAULT_QUIET_MS = 60_000;
const DEFAULT_BATCH_EVENTS = 1_000;
const DEFAULT_BATCH_BYTES = 1_048_576;
const DEFAULT_LINE_BYTES = 160_000;
/** Logs that are not followed any more and still known: the state is written whole behind every request. */
const MAX_LEFT = 100;

/**
 * Follows logs and sends each line as an event.
 *
 * A line's event has the same id however often it is sent: what is sent again after a kill adds nothing where events are
 * taken once. A log's id is on disk before the first of its lines is sent.
 */
export class Tail {
  readonly #options: TailOptions;
  readonly #state: TailState;
  readonly #sender: EventSender;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  readonly #logs = new Map<string, Followed>();
  /** Logs that are gone, or that no pattern means this time; the latest last. */
  readonly #left = new Map<string, LogState>();
  readonly #told = new Set<string>();
  /** Whose turn it is to be read first: no log has to wait for a busy one. */
  #turn = 0;
  #isUnsaved = false;
  #isFirstStart = false;
  #sent = 0;
  #refused = 0;

  private constructor(options: TailOptions, state: TailState, signal: AbortSignal) {
    this.#options = options;
    this.#state = state;
    this.#signal = signal;
    this.#now = options.now ?? Date.now;
    this.#sender = new EventSender({
      ...options.sender,
      signal,
      onTrouble: (trouble) =>
        options.onNote(trouble === null ? 'events are taken again' : `nothing is sent for now: ${trouble}`),
    });
  }

  /**
   * Runs until the signal, or, with `untilIdle`, until everything is sent.
   *
   * @throws LoadError `tail-running`, `tail-state-broken`
   */
  static async run(options: TailOptions, signal: AbortSignal): Promise<TailReport> {
    const state = TailState.open(options.statePath);
    const tail = new Tail(options, state, signal);
    try {
      await tail.#resume();
      await tail.#follow();
    } finally {
      for (const { log } of tail.#logs.values()) await log.close();
      state.close();
    }
    return { sent: tail.#sent, refused: tail.#refused };
  }

  async #resume(): Promise<void> {
    const saved = await this.#state.load();
    this.#isFirstStart = saved === undefined;
    // Saved before anything is found: files that come later are not those of the first start.
    if (saved === undefined) this.#isUnsaved = true;
    for (const state of saved?.left ?? []) this.#left.set(keyOf(state), state);
    this.#tellMissing([...(saved?.logs ?? []), ...(saved?.left ?? [])]);
    if (saved === undefined || saved.logs.length === 0) return;
    const found = new Map((await this.#find()).map((log) => [keyOf(log), log]));
    for (const state of saved.logs) await this.#resumeOne(state, found.get(keyOf(state)));
    await this.#save();
  }

  /** A name that is misspelt is followed for ever, and nothing comes of it. */
  #tellMissing(known: readonly LogState[]): void {
    const paths = new Set(known.map(({ path }) => path));
    for (const path of missingLogs(this.#options.patterns, this.#options.directory)) {
      if (!paths.has(path)) this.#options.onNote(`${path} is not there; it is followed once it is`);
    }
  }

  async #resumeOne(state: LogState, found: FoundLog | undefined): Promise<void> {
    const path = found?.path ?? (await findRenamed(state));
    // Where it always was, and not asked for: it is somebody else's, or another time's.
    if (found === undefined && path === state.path) return this.#leave(state);
    const log = path === undefined ? undefined : await LogFile.resume(path, state);
    if (log !== undefined) {
      this.#logs.set(keyOf(state), { log, goneSince: found === undefined ? this.#now() : null });
      return;
    }
    this.#leave(state);
    this.#options.onNote(
      `${state.path}, as it was when it was followed last, is gone: what was written to it behind byte ${state.offset}, ` +
        'if anything, was not sent',
    );
  }

  async #follow(): Promise<void> {
    const { pollMs = DEFAULT_POLL_MS, untilIdle = false } = this.#options;
    while (!this.#signal.aborted) {
      await this.#discover();
      const isBusy = await this.#sendSome();
      if (isBusy) continue;
      if (await this.#finishGone({ isHasty: untilIdle })) continue;
      if (untilIdle) return;
      await sleep(pollMs, undefined, { signal: this.#signal }).catch(() => {
        // Told to stop, which the loop sees.
      });
    }
  }

  async #discover(): Promise<void> {
    const found = await this.#find();
    const keys = new Set(found.map(keyOf));
    for (const [key, followed] of this.#logs) {
      if (keys.has(key)) followed.goneSince = null;
      else followed.goneSince ??= this.#now();
    }
    for (const one of found) {
      if (this.#logs.has(keyOf(one))) continue;
      const fromEnd = this.#isFirstStart && this.#options.fromEnd === true;
      const log = await this.#try(
        one.path,
        async () => (await this.#comeBack(one)) ?? LogFile.begin(one.path, { fromEnd }),
      );
      if (log === undefined) continue;
      this.#logs.set(keyOf(log), { log, goneSince: null });
      this.#left.delete(keyOf(one));
      this.#isUnsaved = true;
    }
    this.#isFirstStart = false;
    if (this.#isUnsaved) await this.#save();
  }

  /** A log that was left, where it was left; undefined when it is another one, if only in the place of one. */
  async #comeBack(found: FoundLog): Promise<LogFile | undefined> {
    const state = this.#left.get(keyOf(found));
    return state && LogFile.resume(found.path, state);
  }

  #leave(state: LogState): void {
    // A file of which nothing was sent has no print to be known by.
    if (state.offset === 0) return;
    this.#left.delete(keyOf(state));
    this.#left.set(keyOf(state), state);
    for (const key of this.#left.keys()) {
      if (this.#left.size <= MAX_LEFT) break;
      this.#left.delete(key);
    }
  }

  /** @returns whether there may be more at once */
  async #sendSome(): Promise<boolean> {
    const {
      maxBatchEvents = DEFAULT_BATCH_EVENTS,
      maxBatchBytes = DEFAULT_BATCH_BYTES,
      maxLineBytes = DEFAULT_LINE_BYTES,
      event,
    } = this.#options;
    const time = new Date(this.#now()).toISOString();
    const events: OutgoingEvent[] = [];
    const read: LogFile[] = [];
    let bytes = 0;
    const followed = [...this.#logs.values()];
    const first = this.#turn % Math.max(1, followed.length);
    this.#turn += 1;
    for (const { log } of [...followed.slice(first), ...followed.slice(0, first)]) {
      const maxLines = maxBatchEvents - events.length;
      if (maxLines <= 0 || bytes >= maxBatchBytes) break;
      const limits = { maxLines, maxBytes: maxBatchBytes - bytes, maxLineBytes };
      const reading = await this.#try(log.path, () => log.read(limits));
      if (reading?.kind === 'begun-anew') {
        this.#options.onNote(`${log.path} was truncated; it is sent from its beginning`);
        this.#isUnsaved = true;
        continue;
      }
      if (reading === undefined || reading.lines.length === 0) continue;
      read.push(log);
      for (const line of reading.lines) {
        const json = encodeLineEvent(log, line, { ...event, time });
        events.push({ json, where: `${log.path} at byte ${line.offset}` });
        bytes += line.bytes.length;
        if (line.cutFrom !== undefined) {
          this.#options.onNote(
            `the line of ${log.path} at byte ${line.offset} has ${line.cutFrom} bytes; its first ${maxLineBytes} are sent`,
          );
        }
      }
    }
    // A log's new id is on disk before anything is sent under it: read again then.
    if (this.#isUnsaved) {
      await this.#save();
      return true;
    }
    return events.length > 0 && (await this.#send(events, read));
  }

  /** @returns false when it was stopped before everything was sent: nothing is committed then */
  async #send(events: readonly OutgoingEvent[], read: readonly LogFile[]): Promise<boolean> {
    const outcome = await this.#sender.send(events);
    if (outcome.kind === 'stopped') return false;
    if (outcome.refused.length > 0) await this.#keep(outcome.refused);
    this.#sent += events.length - outcome.refused.length;
    this.#refused += outcome.refused.length;
    for (const log of read) log.commit();
    await this.#save();
    return true;
  }

  /**
   * Ends with logs that were renamed or deleted, when nothing comes to them any more.
   *
   * @returns whether there may be more at once
   */
  async #finishGone({ isHasty }: { isHasty: boolean }): Promise<boolean> {
    const { quietMs = DEFAULT_QUIET_MS, maxLineBytes = DEFAULT_LINE_BYTES, event } = this.#options;
    for (const [key, { log, goneSince }] of this.#logs) {
      if (goneSince === null) continue;
      const quietSince = Math.max(goneSince, await log.writtenAt());
      if (!isHasty && this.#now() - quietSince < quietMs) continue;
      // Nobody will end the last line.
      const reading = await log.read({ maxLines: 1, maxBytes: 1, maxLineBytes, isFinished: true });
      if (reading.kind === 'begun-anew') {
        await this.#save();
        return true;
      }
      if (reading.lines.length > 0) {
        const time = new Date(this.#now()).toISOString();
        const events = reading.lines.map((line) => ({
          json: encodeLineEvent(log, line, { ...event, time }),
          where: `${log.path} at byte ${line.offset}`,
        }));
        // Something may have come behind it meanwhile: only a log in which nothing is left is let go.
        return this.#send(events, [log]);
      }
      this.#logs.delete(key);
      this.#leave(log.state);
      await log.close();
      await this.#save();
    }
    return false;
  }

  /** Beside the state: nobody else would know of them. */
  async #keep(refused: readonly RefusedEvent[]): Promise<void> {
    const path = `${this.#options.statePath}.refused.ndjson`;
    await appendFile(
      path,
      refused.map(({ json, reason }) => `{"reason":${JSON.stringify(reason)},"event":${json}}\n`).join(''),
    );
    const [first] = refused;
    const what = refused.length === 1 ? '1 line was' : `${refused.length} lines were`;
    this.#options.onNote(`${what} refused and kept in ${path}; the first, ${first?.where}: ${first?.reason}`);
  }

  async #save(): Promise<void> {
    const logs = [...this.#logs.values()].map(({ log }) => log.state);
    await this.#state.save({ logs, left: [...this.#left.values()] });
    this.#isUnsaved = false;
  }

  #find(): Promise<readonly FoundLog[]> {
    const { patterns, directory } = this.#options;
    return findLogs(patterns, { directory, onProblem: (path, error) => this.#tell(path, error) });
  }

  /** A log that cannot be read holds back no other; undefined then. */
  async #try<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await work();
      this.#told.delete(path);
      return value;
    } catch (error) {
      // Rotated away between the look and the opening: the next look finds what is there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#tell(path, error);
      return undefined;
    }
  }

  /** Once per file. */
  #tell(path: string, error: unknown): void {
    if (this.#told.has(path)) return;
    this.#told.add(path);
    this.#options.onNote(`${path} cannot be read: ${(error as Error).message}; it is tried again and again`);
  }
}
