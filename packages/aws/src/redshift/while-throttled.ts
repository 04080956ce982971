import { setTimeout as sleep } from 'node:timers/promises';
import { LoadError } from '@millrace/core';

/** A second of AWS's budget is what a burst has to wait for. */
const BASE_MS = 200;
const CAP_MS = 2_000;

/**
 * Repeats a call that the Data API throttles, at instants of chance, until `patienceMs` are over. AWS allows an account
 * 20 to 100 calls of an operation in a second, and the SDK gives up after its third attempt: a hundred lanes that wake
 * together would fail, plan new jobs, and call again. A throttled call was not carried out.
 */
export async function whileThrottled<Output>(
  call: () => Promise<Output>,
  patienceMs: number,
): Promise<Output> {
  let waitedMs = 0;
  for (let tries = 0; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const isThrottled = error instanceof LoadError && error.code === 'throttled';
      if (!isThrottled || waitedMs >= patienceMs) throw error;
    }
    const pauseMs = 1 + Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(tries, 10));
    waitedMs += pauseMs;
    await sleep(pauseMs);
  }
}
