import { setTimeout as pause } from 'node:timers/promises';
import {
  type AlertChannel,
  type BrokenLane,
  LoadError,
  type Loader,
  type LoaderEvent,
  tellAlerts,
  type WorkerTrouble,
} from '@millrace/core';
import { ChannelTeller } from './channel-teller.ts';

export interface AlertDeskOptions {
  readonly channels: readonly AlertChannel[];
  /** Lanes that break again and again, and why. */
  readonly broken: () => ReadonlyMap<string, BrokenLane>;
  readonly onError: (where: string, error: unknown) => void;
}

/** A stop waits no longer for what is being told. */
const STOP_MS = 8_000;
const REFUSED_MS = 60 * 60_000;

/**
 * Tells of conditions, beside the lanes: when something happened that may be one, and with every sweep. Deliveries keep no
 * lane waiting, and no channel keeps another one waiting; whatever breaks here is an error of the log and nothing else.
 */
export class AlertDesk {
  readonly #loader: Loader;
  readonly #options: AlertDeskOptions;
  #listing: WorkerTrouble['listing'] = null;
  #refused: { readonly at: number; readonly reason: string }[] = [];
  #start: WorkerTrouble['start'] = null;
  #startedAt: number | null = null;
  readonly #tellers: readonly ChannelTeller[];
  /** What keeps a channel from being told, as the log says it. */
  readonly #logged = new Map<string, string>();

  constructor(loader: Loader, options: AlertDeskOptions) {
    this.#loader = loader;
    this.#options = options;
    const { channels } = options;
    const site = loader.settings.database;
    this.#tellers = channels.map(({ name: only }) => {
      return new ChannelTeller({
        tell: (withinMs) => tellAlerts(loader, { channels, only, site, trouble: this.#trouble(), withinMs }),
        onTurned: (error) => this.#log(`alerts to ${only}`, error),
      });
    });
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
    await this.stop({ isNews: true });
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
    for (const teller of this.#tellers) teller.look();
  }

  /** Tells what is still to be told, for some seconds at most. Nothing is told after it. */
  async stop({ isNews = false }: { isNews?: boolean } = {}): Promise<void> {
    const limit = new AbortController();
    const last = Promise.all(this.#tellers.map((teller) => teller.stop({ withinMs: STOP_MS, isNews })));
    const tooLong = pause(STOP_MS, undefined, { signal: limit.signal }).catch(() => undefined);
    await Promise.race([last, tooLong]);
    limit.abort();
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
  #log(where: string, error: unknown): void {
    if (error === undefined) {
      this.#logged.delete(where);
      return;
    }
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
