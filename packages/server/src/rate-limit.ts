export interface RateLimitOptions {
  /** Events, not requests: a batch of a hundred counts a hundred. */
  readonly eventsPerSecond: number;
  /** How many may come at once after a rest. @default what ten seconds allow */
  readonly burst?: number;
}

interface Bucket {
  /** Events that may still come; below zero after a batch that was larger. */
  level: number;
  filledAt: number;
}

/**
 * How many events each sender may send. A request is let in while its sender has something left, and is counted
 * when its events are: the average holds, and a batch need not fit into the burst.
 */
export class RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  /** By the name of a key or a source: as many as are configured. */
  readonly #buckets = new Map<string, Bucket>();

  constructor({ eventsPerSecond, burst = eventsPerSecond * 10 }: RateLimitOptions) {
    this.#perMs = eventsPerSecond / 1_000;
    this.#burst = Math.max(1, burst);
  }

  /** @returns 0 when a request may come now, else after how many ms it may */
  waitMs(sender: string, now: number): number {
    const { level } = this.#filled(sender, now);
    return level > 0 ? 0 : Math.ceil((1 - level) / this.#perMs);
  }

  count(sender: string, { events, now }: { readonly events: number; readonly now: number }): void {
    this.#filled(sender, now).level -= events;
  }

  #filled(sender: string, now: number): Bucket {
    const bucket = this.#buckets.get(sender) ?? { level: this.#burst, filledAt: now };
    this.#buckets.set(sender, bucket);
    // A clock that was set back fills nothing, and takes nothing away.
    const passedMs = Math.max(0, now - bucket.filledAt);
    bucket.level = Math.min(this.#burst, bucket.level + passedMs * this.#perMs);
    bucket.filledAt = now;
    return bucket;
  }
}
