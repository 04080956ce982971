import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { LoadError, type WarehouseState } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { redshiftAvailability } from './redshift-availability.ts';

const client = new RedshiftDataClient({
  region: 'us-east-1',
  // Nobody listens there.
  endpoint: 'http://127.0.0.1:1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});
const place = { address: { cluster: 'analytics' }, database: 'dev' };
const available: WarehouseState = { kind: 'available', windows: [] };

/** A control plane whose answers, or failures, come one after the other. */
function asked(...answers: (WarehouseState | Error)[]) {
  const seen = { questions: 0, errors: [] as unknown[], now: 1_000 };
  const { state } = redshiftAvailability(client, place, {
    ask: async () => {
      const answer = answers[seen.questions] ?? available;
      seen.questions += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    now: () => seen.now,
    onError: (error) => seen.errors.push(error),
  });
  return { seen, state: () => state?.() };
}

describe('the state of a warehouse', () => {
  it('is asked at most once a minute, by whomever at once', async () => {
    const { seen, state } = asked();
    expect(await Promise.all([state(), state(), state()])).toEqual([available, available, available]);
    seen.now += 59_999;
    await state();
    expect(seen.questions).toBe(1);
    seen.now += 1;
    await state();
    expect(seen.questions).toBe(2);
  });

  it('that cannot be asked is no outage; it is told once, and asked again a minute later', async () => {
    const denied = new LoadError('access-denied', 'no', { class: 'config' });
    const { seen, state } = asked(denied, denied, available, denied);
    expect(await state()).toBeUndefined();
    expect(await state()).toBeUndefined();
    expect(seen.questions).toBe(1);
    for (const told of [1, 1, 2]) {
      seen.now += 60_000;
      await state();
      expect(seen.errors).toHaveLength(told);
    }
  });
});

describe('the probe', () => {
  const options = { now: Date.now, onError: () => {} };

  it('of a cluster that cannot be reached says that it is away', async () => {
    const { probe } = redshiftAvailability(client, place, options);
    await expect(probe?.()).rejects.toMatchObject({ class: 'unavailable', code: 'data-api-unreachable' });
  });

  it('is not made of a workgroup, which it would wake', () => {
    const workgroup = { address: { workgroup: 'analytics' }, database: 'dev' };
    expect(redshiftAvailability(client, workgroup, options)).toEqual({});
    const withState = redshiftAvailability(client, workgroup, { ...options, ask: async () => available });
    expect(Object.keys(withState)).toEqual(['state']);
  });
});
