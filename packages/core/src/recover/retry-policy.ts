import type { EpochMs } from '../ports/time.ts';

export interface RetryPolicy {
  /** Failures in a row after which the lane is held instead of tried again. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { maxAttempts: 8, baseMs: 250, capMs: 60_000 };

/** How long a hold lasts before the lane looks again by itself: a mended table needs no command. */
export const HOLD_MS = 60_000;
/** The same for a warehouse that is away: looking is cheap, and the backlog is growing. */
export const UNAVAILABLE_HOLD_MS = 5_000;

/**
 * Exponential backoff with full jitter: anything between nothing and the doubled step, so that lanes that failed
 * together do not come back together.
 *
 * @param failures failures in a row, this one included; 1 for the first
 * @param chance in [0, 1)
 */
export function retryAt(
  now: EpochMs,
  failures: number,
  { policy, chance }: { policy: RetryPolicy; chance: number },
): EpochMs {
  const step = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(failures - 1, 30));
  return now + Math.round(step * chance);
}
