import { setTimeout as sleep } from 'node:timers/promises';
import {
  announceSeals,
  formatDuration,
  LoadError,
  type Loader,
  type MillraceConfig,
  type Seals,
  type ShardLag,
  type StreamReader,
  sweepChunks,
} from '@millrace/core';
import { ConsumerLoop } from './consumer-loop.ts';
import { consumerOf, eventsOf, limitsOf } from './open-consumer.ts';
import { streamNameOf } from './open-event-stream.ts';
import { openTableChecks } from './open-table-checks.ts';

export interface EventFeedOptions {
  readonly config: MillraceConfig;
  readonly loader: Loader;
  readonly seals: Seals;
  /** The stream to consume; undefined: another process consumes it, and only its seals are announced here. */
  readonly stream: StreamReader | undefined;
  /** Chunks were handed to the lanes of these targets. */
  readonly onAnnounced: (targets: Iterable<string>) => void;
  readonly onError: (where: string, error: unknown) => void;
}

/** How often seals of another process of this machine are looked for. The look is one question to a small file. */
const LOOK_MS = 250;
/** How often they are looked for when a look costs a request, or when this process is told of its own. */
const SWEEP_MS = 5_000;

/** How often what consumers left behind is looked for. */
const CLEAR_EVERY_MS = 24 * 60 * 60 * 1_000;

/** An event that nobody has read when a quarter of the retention is over is in danger of being removed unread. */
const SHARE_OF_RETENTION = 0.25;

/** Feeds lanes from a stream: consumes it, if it is this process's to do, and announces what seals have registered. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #consumer: ConsumerLoop | undefined;
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  #announcing: Promise<void> = Promise.resolve();
  #told = '';
  #isBehind = false;
  /** Where the look for garbage goes on, and when. */
  #clearing: { readonly after: string | null; readonly at: number } = { after: null, at: 0 };

  constructor(options: EventFeedOptions) {
    this.#options = options;
    const { config, loader, seals, stream, onError } = options;
    const events = eventsOf(config);
    if (stream !== undefined) {
      const { discoverMs, ...limits } = limitsOf(events);
      const { objects, now, warehouse } = loader;
      const checks = openTableChecks(config, { warehouse, now, onError });
      const consumer = consumerOf(config, { seals, objects, checks, now });
      this.#consumer = new ConsumerLoop(consumer, stream, {
        limits,
        discoverMs,
        onSealed: (chunks) => void (chunks.length > 0 && this.#announce()),
        onError: (error) => onError('events', error),
      });
      this.#consumer.start();
    }
    const isOthers = stream === undefined && config.tracker.kind === 'sqlite';
    this.#looking = this.#look(isOthers ? LOOK_MS : SWEEP_MS);
  }

  /** How far behind the newest event the consumer is. */
  get millisBehindLatest(): number {
    return this.#consumer?.millisBehindLatest ?? 0;
  }

  /** Of each shard that is consumed here; undefined: none is. */
  get lags(): readonly ShardLag[] | undefined {
    return this.#consumer?.lags;
  }

  /** What was consumed here, by type; undefined: nothing is consumed here. */
  get consumed(): ConsumerLoop['consumed'] | undefined {
    return this.#consumer?.consumed;
  }

  /** Resolves when every event that is in the stream now is in a lane, or a visible reject. */
  async drain(): Promise<void> {
    await this.#consumer?.drain();
    await this.#announce({ isAsked: true });
  }

  /** Does something while nothing is announced. */
  hold<T>(body: () => Promise<T>): Promise<T> {
    const held = this.#announcing.then(body);
    // Whoever asked hears of its failure.
    this.#announcing = held.then(
      () => {},
      () => {},
    );
    return held;
  }

  /** Writes, seals and announces what is buffered. */
  async close(): Promise<void> {
    await this.#consumer?.close();
    this.#stop.abort();
    await this.#looking;
    await this.#announce();
  }

  async #look(everyMs: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#announce();
      this.#tellLag();
      await this.#clear().catch((error: unknown) => this.#tell(error));
      await sleep(everyMs, undefined, { signal }).catch(() => {
        // Closed meanwhile, which the loop sees.
      });
    }
  }

  /** One step at a time: nothing waits for it long. */
  async #clear(): Promise<void> {
    const { config, loader, seals } = this.#options;
    const { after, at } = this.#clearing;
    const now = loader.now();
    if (now < at) return;
    const { next } = await sweepChunks(loader, { seals, stream: streamNameOf(eventsOf(config)), after });
    this.#clearing = { after: next, at: next === null ? now + CLEAR_EVERY_MS : now };
  }

  #tellLag(): void {
    const { stream } = eventsOf(this.#options.config);
    if (stream.kind !== 'embedded') return;
    const isBehind = this.millisBehindLatest > stream.retentionMs * SHARE_OF_RETENTION;
    if (isBehind && !this.#isBehind) this.#options.onError('events', behind(this.millisBehindLatest));
    this.#isBehind = isBehind;
  }

  /** One after another: two at once would announce the same chunks. @throws only when somebody asked */
  #announce({ isAsked = false }: { isAsked?: boolean } = {}): Promise<void> {
    const next = this.#announcing.then(() => this.#announceNow());
    this.#announcing = next.catch((error: unknown) => this.#tell(error));
    return isAsked ? next : this.#announcing;
  }

  async #announceNow(): Promise<void> {
    const { config, loader, seals, onAnnounced } = this.#options;
    const stream = streamNameOf(eventsOf(config));
    const { targets, rejects, homeless } = await announceSeals(loader, { seals, stream });
    if (targets.size > 0) onAnnounced(targets);
    for (const { url, events } of rejects) this.#tell(rejected(url, events));
    if (homeless.size > 0) this.#tell(homelessChunks(homeless));
    else if (targets.size > 0) this.#told = '';
  }

  /** Once per condition: a look comes often. */
  #tell(error: unknown): void {
    if (this.#told !== String(error)) this.#options.onError('events', error);
    this.#told = String(error);
  }
}

function behind(ms: number): LoadError {
  return new LoadError('consumer-behind', `the consumer is ${formatDuration(ms)} behind the newest event`, {
    class: 'unavailable',
    hint: "find out what holds it up, or lengthen the 'retention' of the stream",
  });
}

function rejected(url: string, events: number): LoadError {
  const what = events === 1 ? '1 event was rejected' : `${events} events were rejected`;
  return new LoadError('events-rejected', `${what}: the reasons are in ${url}`, {
    hint: 'see `millrace failures`; correct the transform or the table, then `millrace redrive --rejects`',
  });
}

function homelessChunks(homeless: ReadonlyMap<string, number>): LoadError {
  const names = [...homeless].map(([target, chunks]) => `${target} (${chunks})`).join(', ');
  return new LoadError(
    'chunks-homeless',
    `chunks of events wait for targets that are not configured: ${names}`,
    {
      class: 'config',
      hint: "declare them under 'targets' again",
    },
  );
}
