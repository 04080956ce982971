import { setTimeout as pause } from 'node:timers/promises';
import {
  type AlertChannel,
  LoadError,
  type Loader,
  type LoaderEvent,
  tellAlerts,
  type UndeliveredNotice,
  type WorkerTrouble,
} from '@millrace/core';

export interface AlertDeskOptions {
  readonly channels: readonly AlertChannel[];
  /** Lanes that break again and again, and why. */
  readonly broken: () => ReadonlyMap<string, string>;
  readonly onError: (where: string, error: unknown) => void;
}

/** After something happened: what comes with it (a hundred files of one job) is told as one condition. */
const GATHER_MS = 500;
/** After a delivery failed; doubled each time up to the longest. */
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** No delivery begins later in one turn. */
const TURN_MS = 30_000;
/** A stop waits no longer for what is being told. */
const STOP_MS = 8_000;
const REFUSED_MS = 60 * 60_000;

/**
 * Tells of conditions, beside the lanes: when something happened that may be one, and with every sweep. Deliveries are made
 * one after the other and keep no lane waiting; whatever breaks here is an error of the log and nothing else.
 */
export class AlertDesk {
  readonly #loader: Loader;
  readonly #options: AlertDeskOptions;
  #listing: WorkerTrouble['listing'] = null;
  #refused: { readonly at: number; readonly reason: string }[] = [];
  #start: WorkerTrouble['start'] = null;
  #startedAt: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;
  #isPending = false;
  #failures = 0;
  /** What keeps a channel from being told, as the log says it. */
  readonly #logged = new Map<string, string>();
  #isStopped = false;

  constructor(loader: Loader, options: AlertDeskOptions) {
    this.#loader = loader;
    this.#options = options;
  }

  /** The process could start. */
  started(): void {
    this.#startedAt = this.#loader.now();
    this.look();
  }

  /** The process could not start: told at once, it is about to end. */
  async couldNotStart(error: unknown): Promise<void> {
    const isMigration = error instanceof LoadError && error.code.startsWith('migration');
    const kind = isMigration ? 'migration-failed' : 'start-failed';
    this.#start = { kind, since: this.#loader.now(), reason: sentenceOf(error) };
    this.#isPending = true;
    await this.stop();
  }

  /** Something happened that may be a condition, or the end of one. */
  hear({ kind }: LoaderEvent): void {
    if (kind !== 'files-waiting' && kind !== 'job-submitted') this.look();
  }

  /** How the last listing went. */
  listed(error?: unknown): void {
    const since = this.#listing?.since ?? this.#loader.now();
    this.#listing = error === undefined ? null : { since, reason: sentenceOf(error) };
    if (error !== undefined) this.look();
  }

  /** A notification was not taken in. That of a queue which cannot be read just now is no refusal. */
  refused(error: unknown): void {
    if (!(error instanceof LoadError) || error.class === 'transient' || error.class === 'unavailable') return;
    this.#refused.push({ at: this.#loader.now(), reason: error.sentence });
    this.look();
  }

  /** Looks soon; several calls are one look. */
  look(): void {
    if (this.#isStopped) return;
    this.#isPending = true;
    if (this.#timer !== undefined || this.#telling !== undefined) return;
    const retryMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.#turn(), this.#failures === 0 ? GATHER_MS : retryMs);
  }

  /** Tells what is still to be told, for some seconds at most. Nothing is told after it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const last = async (): Promise<void> => {
      await this.#telling;
      if (this.#isPending) await this.#tell(STOP_MS);
    };
    const limit = new AbortController();
    const tooLong = pause(STOP_MS, undefined, { signal: limit.signal }).catch(() => undefined);
    await Promise.race([last(), tooLong]);
    limit.abort();
  }

  async #turn(): Promise<void> {
    this.#timer = undefined;
    this.#telling = this.#tell(TURN_MS);
    await this.#telling;
    this.#telling = undefined;
    if (this.#isPending) this.look();
  }

  async #tell(withinMs: number): Promise<void> {
    this.#isPending = false;
    const { channels } = this.#options;
    try {
      const { undelivered, left } = await tellAlerts(this.#loader, {
        channels,
        site: this.#loader.settings.database,
        trouble: this.#trouble(),
        withinMs,
      });
      this.#log(undelivered);
      this.#failures = undelivered.length === 0 ? 0 : this.#failures + 1;
      this.#isPending ||= left > 0;
    } catch (error) {
      this.#failures += 1;
      this.#isPending = true;
      this.#logOnce('alerts', error);
    }
  }

  #trouble(): WorkerTrouble {
    const now = this.#loader.now();
    this.#refused = this.#refused.filter(({ at }) => now - at < REFUSED_MS);
    const [first] = this.#refused;
    return {
      broken: this.#options.broken(),
      listing: this.#listing,
      refused:
        first === undefined
          ? null
          : {
              since: first.at,
              reason: this.#refused.at(-1)?.reason ?? first.reason,
              count: this.#refused.length,
            },
      start: this.#start,
      startedAt: this.#startedAt,
    };
  }

  /** A channel that stays away is told once, and again when it fails in another way or after it was there. */
  #log(undelivered: readonly UndeliveredNotice[]): void {
    const failed = new Map(undelivered.map(({ notice, error }) => [`alerts to ${notice.channel}`, error]));
    for (const where of this.#logged.keys()) if (!failed.has(where)) this.#logged.delete(where);
    for (const [where, error] of failed) this.#logOnce(where, error);
  }

  #logOnce(where: string, error: unknown): void {
    const reason = sentenceOf(error);
    if (this.#logged.get(where) === reason) return;
    this.#logged.set(where, reason);
    this.#options.onError(where, error);
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof LoadError) return error.sentence;
  return error instanceof Error ? error.message : String(error);
}
