import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { DataApiWarehouse } from '@millrace/aws/redshift';
import { DEFAULT_RETRY } from '@millrace/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { A, B, Lanes, MINUTE_MS, untilKilled, untilRunning } from './lanes-over-http.ts';
import { CLUSTER } from './open-data-api.ts';

/**
 * Outages over HTTP, longer than several attempts: nothing is lost or doubled, no attempt is spent, and the backlog goes
 * in as few loads of each lane as it may.
 */

const ROUNDS = DEFAULT_RETRY.maxAttempts + 2;

describe('an outage over HTTP', { timeout: 60_000 }, () => {
  it.each(['maintenance', 'pause'] as const)(
    '(%s) that kills a COPY: all lanes wait, and go on with one load each',
    async (fault) => {
      const lanes = await Lanes.open();
      await lanes.put(A);
      await untilRunning(lanes, A);
      lanes.begin(fault);
      await untilKilled(lanes, A);
      for (let round = 0; round < ROUNDS; round += 1) {
        await lanes.put(A, B);
        await lanes.pass(MINUTE_MS);
        for (const target of [A, B]) {
          expect(await lanes.loader.tracker.lane(target)).toMatchObject({
            state: { kind: 'held', code: 'warehouse-away' },
            failures: 0,
          });
        }
      }
      // The job that was killed is the only one that failed: the others were not tried on the outage.
      expect([lanes.count('job-submitted'), lanes.count('job-failed')]).toEqual([1, 1]);
      expect(lanes.count('warehouse-held')).toBe(1);
      lanes.end();
      await lanes.drain();
      expect([lanes.loadsOf(A), lanes.loadsOf(B)]).toEqual([[1 + ROUNDS], [ROUNDS]]);
      const ids = [...(await lanes.idsOf(A)), ...(await lanes.idsOf(B))].sort((a, b) => a - b);
      expect(ids).toEqual(Array.from({ length: 1 + 2 * ROUNDS }, (_, n) => n + 1));
      expect(lanes.count('warehouse-back')).toBe(1);
    },
  );

  it('that refuses connections while a load runs: it is settled when somebody answers, the rest goes in one load each', async () => {
    const lanes = await Lanes.open();
    await lanes.put(A);
    await untilRunning(lanes, A);
    await lanes.hangUp();
    for (let round = 0; round < ROUNDS; round += 1) {
      await lanes.put(A, B);
      await lanes.pass(MINUTE_MS);
      expect((await lanes.loader.tracker.lane(B)).failures).toBe(0);
    }
    expect((await lanes.loader.tracker.lane(B)).state).toMatchObject({
      kind: 'held',
      code: 'warehouse-away',
    });
    await lanes.listenAgain();
    await lanes.drain();
    expect(lanes.loadsOf(B)).toEqual([ROUNDS]);
    // The one in hand, as a load of its own or, when it was void, with the others.
    expect(lanes.loadsOf(A).reduce((sum, files) => sum + files, 0)).toBe(1 + ROUNDS);
    expect(lanes.loadsOf(A).length).toBeLessThanOrEqual(2);
    const ids = [...(await lanes.idsOf(A)), ...(await lanes.idsOf(B))].sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: 1 + 2 * ROUNDS }, (_, n) => n + 1));
  });

  it.each(['maintenance', 'pause', 'refused connections'] as const)(
    '(%s) while nothing waits is not noticed, and costs nothing',
    async (fault) => {
      const lanes = await Lanes.open();
      await lanes.put(A, B);
      await lanes.drain();
      if (fault === 'refused connections') await lanes.hangUp();
      else lanes.begin(fault);
      for (let round = 0; round < ROUNDS; round += 1) await lanes.pass(MINUTE_MS);
      if (fault === 'refused connections') await lanes.listenAgain();
      else lanes.end();
      await lanes.put(A, B);
      await lanes.drain();
      expect([lanes.loadsOf(A), lanes.loadsOf(B)]).toEqual([
        [1, 1],
        [1, 1],
      ]);
      expect([lanes.count('warehouse-held'), lanes.count('job-failed')]).toEqual([0, 0]);
    },
  );

  it('leaves a backlog that goes in as few loads as maxFiles allows, the oldest first', async () => {
    const lanes = await Lanes.open({ maxFiles: 4 });
    lanes.begin('maintenance');
    for (let round = 0; round < ROUNDS; round += 1) {
      await lanes.put(A);
      await lanes.pass(MINUTE_MS);
    }
    lanes.end();
    await lanes.drain();
    expect(lanes.loadsOf(A)).toEqual([4, 4, 2]);
    expect(await lanes.idsOf(A)).toEqual(Array.from({ length: ROUNDS }, (_, n) => n + 1));
    expect((await lanes.loader.tracker.lane(A)).failures).toBe(0);
  });
});

describe('a backend that dies', { timeout: 60_000 }, () => {
  it('again and again in mid-transaction costs its lane time: nothing is lost, doubled or put aside', async () => {
    const lanes = await Lanes.open();
    // Those of loads, and those that are asked to give a load up.
    lanes.killBackends(DEFAULT_RETRY.maxAttempts);
    await lanes.put(A);
    await lanes.drain();
    expect(lanes.count('job-failed')).toBeGreaterThan(0);
    expect([lanes.count('lane-held'), lanes.count('file-aside')]).toEqual([0, 0]);
    expect(lanes.loadsOf(A)).toEqual([1]);
    expect(await lanes.idsOf(A)).toEqual([1]);
  });

  it('with the lane lock keeps that lane waiting and no other, without an attempt spent; when it is gone, all goes in one load', async () => {
    const lanes = await Lanes.open({ lockTimeoutMs: 100 });
    await lanes.put(A, B);
    await lanes.drain();
    const gone = await lanes.holdLock(A);
    for (let round = 0; round < ROUNDS; round += 1) {
      await lanes.put(A, B);
      await lanes.pass(MINUTE_MS);
      await untilNoneRuns(lanes);
    }
    expect(await lanes.idsOf(A)).toEqual([1]);
    expect(await lanes.idsOf(B)).toHaveLength(1 + ROUNDS);
    const { state, failures } = await lanes.loader.tracker.lane(A);
    expect(state).toMatchObject({ kind: 'held', code: 'lane-locked' });
    expect(failures).toBe(0);
    // The others were never held for it.
    expect(lanes.count('warehouse-held')).toBe(0);
    expect(lanes.count('file-aside')).toBe(0);
    await gone();
    await lanes.drain();
    expect(lanes.loadsOf(A)).toEqual([1, ROUNDS]);
    expect((await lanes.idsOf(A)).length).toBe(1 + ROUNDS);
  });
});

describe('a wrong secret', { timeout: 60_000 }, () => {
  it('of one target holds that target alone, and it goes on by itself when the secret is right', async () => {
    const right = { accessKeyId: 'test', secretAccessKey: 'test' };
    const lanes = await Lanes.open({ credentials: [right] });
    const { warehouse } = lanes.loader;
    const wrong = new RedshiftDataClient({
      endpoint: lanes.url,
      region: 'us-east-1',
      credentials: { ...right, secretAccessKey: 'rotated' },
      maxAttempts: 1,
    });
    onTestFinished(() => wrong.destroy());
    const other = new DataApiWarehouse(wrong, { address: CLUSTER, database: 'dev', patienceMs: 0 });
    const submit = warehouse.submit.bind(warehouse);
    warehouse.submit = (batch) => (batch.name.includes(`/${A}/`) ? other.submit(batch) : submit(batch));
    for (let round = 0; round < ROUNDS; round += 1) {
      await lanes.put(A, B);
      await lanes.pass(MINUTE_MS);
      await untilNoneRuns(lanes);
    }
    expect((await lanes.loader.tracker.lane(A)).state).toMatchObject({
      kind: 'held',
      code: 'credentials-refused',
    });
    expect(await lanes.idsOf(B)).toHaveLength(ROUNDS);
    expect([lanes.count('warehouse-held'), lanes.count('file-aside')]).toEqual([0, 0]);
    expect((await lanes.loader.tracker.gate()).hold).toBeNull();
    warehouse.submit = submit;
    await lanes.drain();
    expect(lanes.loadsOf(A)).toEqual([ROUNDS]);
    expect(await lanes.idsOf(A)).toHaveLength(ROUNDS);
  });
});

/** Until no job is in hand: statements take their real time, whatever the clock of the lanes says. */
async function untilNoneRuns(lanes: Lanes): Promise<void> {
  await expect
    .poll(
      async () => {
        for (const target of [A, B]) await lanes.look(target);
        return (await lanes.loader.tracker.lanes()).filter(({ state }) => state.kind === 'running').length;
      },
      { timeout: 20_000 },
    )
    .toBe(0);
}
