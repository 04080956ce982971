import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY, retryAt } from './retry-policy.ts';

const policy = { maxAttempts: 8, baseMs: 100, capMs: 1_000 };
const longest = (failures: number): number => retryAt(0, failures, { policy, chance: 0.999_999 });

describe('a backoff', () => {
  it('doubles its longest wait with each failure, up to the cap', () => {
    expect([1, 2, 3, 4, 5, 6].map(longest)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('is anything from nothing on: lanes that failed together do not come back together', () => {
    const waits = Array.from({ length: 100 }, (_, n) => retryAt(0, 5, { policy, chance: n / 100 }));
    expect(waits[0]).toBe(0);
    expect(new Set(waits).size).toBe(100);
    expect(waits[50]).toBe(500);
  });

  it('counts from now, and stays a number after any number of failures', () => {
    expect(retryAt(5_000, 1, { policy, chance: 0.5 })).toBe(5_050);
    expect(retryAt(0, 10_000, { policy: DEFAULT_RETRY, chance: 0.999_999 })).toBe(DEFAULT_RETRY.capMs);
  });
});
