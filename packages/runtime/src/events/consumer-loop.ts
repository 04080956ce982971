import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Consumer,
  type SealedChunk,
  type ShardLag,
  type StreamReader,
  type StreamShard,
  TypeTallies,
  type TypeTally,
} from '@millrace/core';
import { type ConsumerLimits, ShardWorker } from './shard-worker.ts';

export interface ConsumerLoopOptions {
  readonly limits: ConsumerLimits;
  /** Chunks were registered, and are to be announced. */
  readonly onSealed: (chunks: readonly SealedChunk[]) => void;
  readonly onError: (error: unknown) => void;
  /** How often shards are asked for: a stream may be split at any time. */
  readonly discoverMs: number;
}

/**
 * Consumes a stream with one worker per shard, within one memory bound. A shard is begun when its parents have ended: a
 * key's events are then taken in order over splits and merges.
 */
export class ConsumerLoop {
  readonly #consumer: Consumer;
  readonly #stream: StreamReader;
  readonly #options: ConsumerLoopOptions;
  readonly #workers = new Map<string, ShardWorker>();
  readonly #done = new Set<string>();
  readonly #stop = new AbortController();
  #discovering: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;
  readonly #tallies = new TypeTallies();
  readonly #since: number;
  #told = '';

  constructor(consumer: Consumer, stream: StreamReader, options: ConsumerLoopOptions) {
    this.#consumer = consumer;
    this.#stream = stream;
    this.#options = options;
    this.#since = consumer.now();
  }

  start(): void {
    this.#ended ??= this.#run();
  }

  /** How far behind the newest event it is, over all shards: the metric MillisBehindLatest. */
  get millisBehindLatest(): number {
    return Math.max(0, ...[...this.#workers.values()].map(({ lagMs }) => lagMs));
  }

  /** How far behind the newest event each shard is. */
  get lags(): readonly ShardLag[] {
    return [...this.#workers.values()].map(({ shard, lagMs }) => ({ shard, millisBehindLatest: lagMs }));
  }

  /** What it has consumed and sealed since it was made, by type. */
  get consumed(): { readonly since: number; readonly tallies: readonly TypeTally[] } {
    return { since: this.#since, tallies: this.#tallies.list() };
  }

  /** Bytes that wait for their seals. */
  get heldBytes(): number {
    return [...this.#workers.values()].reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /** There may be new records. */
  wake(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  /** Resolves when everything that is in the stream now is sealed. @throws what keeps it from that again and again */
  async drain(): Promise<void> {
    for (;;) {
      await this.#discover();
      const workers = [...this.#workers.values()];
      await Promise.all(workers.map((worker) => worker.drain()));
      // An ended shard makes way for its children.
      if (!workers.some(({ isEnded }) => isEnded)) return;
    }
  }

  /** Takes nothing new; writes and seals what is buffered. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.#discovering.catch(this.#options.onError);
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#discover();
        this.#told = '';
      } catch (error) {
        if (this.#told !== String(error)) this.#options.onError(error);
        this.#told = String(error);
      }
      await sleep(this.#options.discoverMs, undefined, { signal }).catch(() => {
        // Closed meanwhile, which the loop sees.
      });
    }
  }

  /** One look at a time: two would begin a shard twice. */
  #discover(): Promise<void> {
    const next = this.#discovering.catch(() => {}).then(() => this.#look());
    this.#discovering = next;
    return next;
  }

  async #look(): Promise<void> {
    const shards = await this.#stream.shards();
    const ids = new Set(shards.map(({ id }) => id));
    for (const shard of shards) {
      if (this.#stop.signal.aborted) return;
      if (this.#workers.has(shard.id) || (await this.#isDone(shard.id))) continue;
      if (await this.#isHeldBack(shard, ids)) continue;
      this.#begin(shard.id);
    }
  }

  async #isHeldBack({ parents }: StreamShard, ids: ReadonlySet<string>): Promise<boolean> {
    for (const parent of parents) {
      // Of a parent that is not listed any more nothing is kept.
      if (ids.has(parent) && !(await this.#isDone(parent))) return true;
    }
    return false;
  }

  async #isDone(shard: string): Promise<boolean> {
    if (this.#done.has(shard)) return true;
    if (this.#workers.has(shard)) return false;
    const { isEnded } = await this.#consumer.seals.seal(this.#consumer.stream, shard);
    if (isEnded) this.#done.add(shard);
    return isEnded;
  }

  #begin(shard: string): void {
    const { limits, onSealed, onError } = this.#options;
    const worker = new ShardWorker(shard, {
      consumer: this.#consumer,
      stream: this.#stream,
      limits,
      heldBytes: () => this.heldBytes,
      onSealed: (chunks, tallies) => {
        this.#tallies.add(tallies);
        onSealed(chunks);
      },
      onError,
      stop: this.#stop.signal,
    });
    this.#workers.set(shard, worker);
    void worker.ended.then(() => {
      if (!worker.isEnded) return;
      this.#done.add(shard);
      this.#workers.delete(shard);
      if (!this.#stop.signal.aborted) this.#discover().catch(onError);
    });
  }
}
