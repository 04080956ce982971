import { ApiError } from './api-error.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** One token bucket per operation: a second's worth of calls in reserve, filled again at the operation's rate. */
export class RateLimiter {
  readonly #rates: Readonly<Partial<Record<string, number>>>;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rates: Readonly<Partial<Record<string, number>>>, now: () => number) {
    this.#rates = rates;
    this.#now = now;
  }

  /** @throws ApiError `ThrottlingException` when the operation was called too often. */
  take(operation: string): void {
    const rate = this.#rates[operation];
    if (rate === undefined) return;
    const now = this.#now();
    const bucket = this.#buckets.get(operation) ?? { tokens: rate, filledAt: now };
    this.#buckets.set(operation, bucket);
    bucket.tokens = Math.min(rate, bucket.tokens + (Math.max(0, now - bucket.filledAt) / 1000) * rate);
    bucket.filledAt = now;
    if (bucket.tokens < 1) throw throttled();
    bucket.tokens -= 1;
  }
}

export function throttled(): ApiError {
  return new ApiError('ThrottlingException', 'Rate exceeded');
}
