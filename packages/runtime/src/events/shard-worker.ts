import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import {
  type Consumer,
  LoadError,
  openShard,
  type SealedChunk,
  type ShardInHand,
  type StreamReader,
  sealShard,
  type TypeTallies,
  takeRecords,
} from '@millrace/core';

/** When what is buffered is written. */
export interface ConsumerLimits {
  readonly maxAgeMs: number;
  /** Of one table. */
  readonly chunkBytes: number;
  /** Over all tables and shards. */
  readonly maxBytes: number;
  /** How long a shard in which nothing is new is left alone. */
  readonly pollMs: number;
}

export interface ShardWorkerOptions {
  readonly consumer: Consumer;
  readonly stream: StreamReader;
  readonly limits: ConsumerLimits;
  /** Bytes that are buffered over all shards. */
  readonly heldBytes: () => number;
  /** Chunks were registered, perhaps none. */
  readonly onSealed: (chunks: readonly SealedChunk[], tallies: TypeTallies) => void;
  readonly onError: (error: unknown) => void;
  /** Nothing is begun any more; what is buffered is written. */
  readonly stop: AbortSignal;
}

/** Records that are transformed at a stretch: others have to get a turn. */
const SLICE = 250;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 15_000;
/** Failures in a row after which somebody who waits for the end is told. */
const HOPELESS = 6;

interface Drain {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Consumes one shard: reads, transforms, buffers, seals, from its seal on until it ends or is stopped. */
export class ShardWorker {
  readonly shard: string;
  readonly #options: ShardWorkerOptions;
  #hand: ShardInHand | undefined;
  /** When the oldest record that is buffered was taken, by this process. */
  #heldSince: number | undefined;
  #lagMs = 0;
  #drains: Drain[] = [];
  #nap = new AbortController();
  #failures = 0;
  #told = '';
  readonly ended: Promise<void>;

  constructor(shard: string, options: ShardWorkerOptions) {
    this.shard = shard;
    this.#options = options;
    options.stop.addEventListener('abort', () => this.wake(), { once: true });
    this.ended = this.#run();
  }

  /** Bytes that wait for their seal. */
  get heldBytes(): number {
    return this.#hand?.buffer.bytes ?? 0;
  }

  /** How far behind the newest record it is; 0: at the end. What cannot be written down is behind, too. */
  get lagMs(): number {
    const oldestAt = this.#failures > 0 ? this.#hand?.buffer.oldestAt : null;
    const stuckMs = oldestAt === null || oldestAt === undefined ? 0 : this.#options.consumer.now() - oldestAt;
    return Math.max(this.#lagMs, stuckMs);
  }

  get isEnded(): boolean {
    return this.#hand?.isEnded === true;
  }

  /** There may be records. */
  wake(): void {
    this.#nap.abort();
  }

  /** Resolves when everything that is in the shard now is sealed. @throws what keeps it from being sealed again and again */
  drain(): Promise<void> {
    if (this.isEnded || this.#options.stop.aborted) return Promise.resolve();
    const drained = new Promise<void>((resolve, reject) => this.#drains.push({ resolve, reject }));
    this.wake();
    return drained;
  }

  async #run(): Promise<void> {
    const { stop } = this.#options;
    while (!stop.aborted && !this.isEnded) {
      try {
        await this.#step();
        this.#failures = 0;
        this.#told = '';
      } catch (error) {
        await this.#failed(error);
      }
    }
    // Not tried again: what is not sealed is still in the stream, for the next start.
    if (!this.isEnded) await this.#seal().catch((error: unknown) => this.#options.onError(error));
    for (const { resolve } of this.#drains.splice(0)) resolve();
  }

  async #step(): Promise<void> {
    const { consumer, stream } = this.#options;
    // Asked before the look: whatever was there by then is seen by it.
    const waiting = this.#drains.length;
    this.#hand ??= await openShard(consumer, this.shard);
    const hand = this.#hand;
    if (hand.isEnded) return;
    const page = await stream.read(this.shard, { after: hand.buffer.position ?? hand.sealed });
    this.#lagMs = page.millisBehindLatest;
    if (page.isGap) this.#options.onError(missed(this.shard));
    for (let at = 0; at < page.records.length && this.#hand === hand; at += SLICE) {
      const taken = await takeRecords(consumer, hand, page.records.slice(at, at + SLICE));
      if (taken > 0) this.#heldSince ??= consumer.now();
      if (this.#isFull(hand)) {
        await this.#seal();
        // What comes next of the page is behind the new seal, and read again: pages are small beside chunks.
        return;
      }
      await setImmediate();
    }
    const isCaughtUp = page.records.length === 0;
    if (page.isEnd) return this.#seal({ isEnded: true });
    if (this.#isOld(hand, isCaughtUp || page.millisBehindLatest === 0) || (isCaughtUp && waiting > 0)) {
      await this.#seal();
    }
    // Lost to somebody else: nothing can be said of the shard before the next look.
    if (!isCaughtUp || this.#hand === undefined) return;
    for (const { resolve } of this.#drains.splice(0, waiting)) resolve();
    if (this.#drains.length === 0) await this.#rest();
  }

  #isFull({ buffer }: ShardInHand): boolean {
    const { limits, heldBytes } = this.#options;
    return buffer.largestBytes >= limits.chunkBytes || heldBytes() >= limits.maxBytes;
  }

  /** Far behind, an event's own age would cut the backlog into crumbs: then it counts from when it was taken. */
  #isOld({ buffer }: ShardInHand, isLatest: boolean): boolean {
    const { consumer, limits } = this.#options;
    const since = isLatest ? (buffer.oldestAt ?? this.#heldSince) : this.#heldSince;
    return buffer.position !== null && since !== undefined && consumer.now() - since >= limits.maxAgeMs;
  }

  async #seal(options: { isEnded?: boolean } = {}): Promise<void> {
    const hand = this.#hand;
    if (hand === undefined) return;
    const outcome = await sealShard(this.#options.consumer, hand, options);
    this.#heldSince = undefined;
    if (outcome.kind === 'lost') {
      // Begins again where the other one has come to.
      this.#hand = undefined;
      return;
    }
    this.#hand = outcome.hand;
    if (outcome.kind === 'sealed') this.#options.onSealed(outcome.chunks, outcome.tallies);
  }

  async #rest(): Promise<void> {
    const { consumer, limits } = this.#options;
    const oldestAt = this.#hand?.buffer.oldestAt;
    const untilOld =
      oldestAt === null || oldestAt === undefined
        ? limits.pollMs
        : oldestAt + limits.maxAgeMs - consumer.now();
    await this.#sleep(Math.max(1, Math.min(limits.pollMs, untilOld)));
  }

  async #failed(error: unknown): Promise<void> {
    this.#failures += 1;
    if (this.#told !== String(error)) this.#options.onError(error);
    this.#told = String(error);
    if (this.#failures >= HOPELESS) for (const { reject } of this.#drains.splice(0)) reject(error);
    await this.#sleep(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 10)));
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#options.stop.aborted) return;
    this.#nap = new AbortController();
    await sleep(ms, undefined, { signal: this.#nap.signal }).catch(() => {
      // Woken: the next step looks.
    });
  }
}

function missed(shard: string): LoadError {
  return new LoadError(
    'events-missed',
    `events of shard ${shard} were removed by age before they were consumed`,
    {
      hint: 'have them sent again, and lengthen the retention of the stream or let the consumer run',
    },
  );
}
