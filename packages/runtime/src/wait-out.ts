import { setTimeout as sleep } from 'node:timers/promises';
import { LoadError } from '@millrace/core';

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;

/** Failures that are over by themselves: the warehouse is away, somebody was in the way, a reply was lost. */
const PASSING: ReadonlySet<string> = new Set(['transient', 'unavailable', 'unknown']);

export interface WaitOutOptions {
  /** How long it is tried again. */
  readonly patienceMs: number;
  /** Told once per failure that is waited out. */
  readonly onWait: (error: LoadError) => void;
  /** Ends the waiting early, with the last failure. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does what may be repeated, and does it again while it fails for a reason that passes: an outage costs a start only time.
 *
 * @throws what does not pass, or has not passed in time.
 */
export async function waitOut<T>(attempt: () => Promise<T>, options: WaitOutOptions): Promise<T> {
  const { patienceMs, onWait, signal } = options;
  const endAt = Date.now() + patienceMs;
  let told = '';
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const passes = error instanceof LoadError && PASSING.has(error.class);
      const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 10));
      if (!passes || signal?.aborted || Date.now() + pauseMs > endAt) throw error;
      if (told !== error.message) onWait(error);
      told = error.message;
      await sleep(pauseMs, undefined, { signal }).catch(() => {
        // Stopped meanwhile: the next look at the signal says so.
      });
    }
  }
}
