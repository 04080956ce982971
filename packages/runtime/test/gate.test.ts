import {
  type Availability,
  LoadError,
  pauseTarget,
  pauseWarehouse,
  resumeTarget,
  resumeWarehouse,
  type WarehouseState,
} from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { ToyLanes, type ToyOptions } from './toy-lanes.ts';

/** What stands before the lanes of a warehouse: windows, outages, pauses. The verbs over memory, in virtual time. */

const START = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;
const [A, B, C] = ['public.a', 'public.b', 'public.c'] as const;

const away = (): LoadError =>
  new LoadError('warehouse-unavailable', 'Connection refused.', { class: 'unavailable' });

function lanes(options: Partial<ToyOptions> = {}): ToyLanes {
  return new ToyLanes({ targets: [A, B, C], startAt: START, ...options });
}

/** A warehouse whose outage a test switches; `probe` and `state` say what they would. */
class Outage {
  isAway = false;
  probes = 0;
  state: WarehouseState = { kind: 'available', windows: [] };
  readonly probe = async (): Promise<void> => {
    this.probes += 1;
    if (this.isAway) throw away();
  };

  /** All that the lanes submit is refused while it lasts. */
  begin(toy: ToyLanes): void {
    this.isAway = true;
    toy.warehouse.refuses = () => (this.isAway ? away() : undefined);
    toy.warehouse.kill(away());
  }

  end(): void {
    this.isAway = false;
  }
}

const names = (count: number, prefix = 'f'): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}.csv`);

describe('before a maintenance window', () => {
  const from = START + 10 * MINUTE_MS;
  const windows = [{ kind: 'once', startsAt: from, endsAt: from + 30 * MINUTE_MS }] as const;

  it('nothing is submitted that would run into it, what runs is settled, and the backlog goes in one job after it', async () => {
    const toy = lanes({ windows });
    await toy.put(A, 'early.csv');
    await toy.pass(5_000);
    expect(toy.loadsOf(A)).toEqual([1]);
    // The load took 2 s: twice that, and 5 s, is what the next one is given.
    toy.now = from - 8_500;
    await toy.put(A, ...names(3));
    await toy.pass(4_000);
    expect(toy.warehouse.submitted).toEqual([A]);
    expect(await toy.lane(A)).toMatchObject({
      state: {
        kind: 'held',
        code: 'maintenance-window',
        reason: 'maintenance window from 2026-11-21T12:10Z to 2026-11-21T12:40Z',
        until: from + 30 * MINUTE_MS,
      },
      failures: 0,
    });
    await toy.put(A, ...names(4, 'g'));
    await toy.pass(29 * MINUTE_MS);
    expect(toy.warehouse.submitted).toEqual([A]);
    await toy.pass(3 * MINUTE_MS);
    expect(toy.loadsOf(A)).toEqual([1, 7]);
    expect(toy.eventsOf('lane-held')).toHaveLength(1);
  });

  it('a load that will be done in time is submitted, and is not touched by its begin', async () => {
    const toy = lanes({ windows });
    await toy.put(A, 'early.csv');
    await toy.pass(5_000);
    toy.now = from - 12_000;
    await toy.put(A, 'late.csv');
    await toy.pass(5_000);
    expect(toy.loadsOf(A)).toEqual([1, 1]);
  });

  it('a lane that never had a load is given a minute', async () => {
    const toy = lanes({ windows });
    toy.now = from - 55_000;
    await toy.put(A, 'a.csv');
    await toy.pass(3_000);
    expect(toy.warehouse.submitted).toEqual([]);
  });

  it('a window that was taken back holds nothing any more', async () => {
    const toy = lanes({ windows });
    toy.now = from;
    await toy.put(A, 'a.csv');
    await toy.pass(3_000);
    expect((await toy.lane(A)).state.kind).toBe('held');
    Object.assign(toy.loader.settings, { windows: [] });
    await toy.pass(2 * MINUTE_MS);
    expect(toy.loadsOf(A)).toEqual([1]);
  });

  it('of the cluster itself it is the same', async () => {
    const outage = new Outage();
    outage.state = { kind: 'available', windows };
    const toy = lanes({ availability: { state: async () => outage.state } });
    toy.now = from + 1;
    await toy.put(A, 'a.csv');
    await toy.pass(29 * MINUTE_MS);
    expect(toy.warehouse.submitted).toEqual([]);
    await toy.pass(3 * MINUTE_MS);
    expect(toy.loadsOf(A)).toEqual([1]);
  });
});

describe('an outage', () => {
  it('that a probe confirms holds all lanes and spends no attempt; the backlog goes in one job of each', async () => {
    const outage = new Outage();
    const toy = lanes({ availability: { probe: outage.probe } });
    await toy.put(A, 'before.csv');
    await toy.pass(5_000);
    await toy.put(A, 'in-hand.csv');
    await toy.pass(1_500);
    expect((await toy.lane(A)).state.kind).toBe('running');
    outage.begin(toy);
    const began = toy.now;
    for (let minute = 0; minute < 45; minute += 1) {
      for (const target of [A, B, C]) await toy.put(target, `${minute}.csv`);
      await toy.pass(MINUTE_MS);
    }
    // The job that was killed found it out: no other lane was tried on it.
    expect(toy.warehouse.submitted).toEqual([A, A]);
    for (const target of [A, B, C]) {
      expect(await toy.lane(target)).toMatchObject({
        state: { kind: 'held', code: 'warehouse-away', reason: 'Connection refused.' },
        failures: 0,
      });
    }
    expect(outage.probes).toBeLessThan(70);
    expect(toy.eventsOf('warehouse-held')).toEqual([
      expect.objectContaining({ target: A, reason: 'Connection refused.', isOverdue: false }),
    ]);
    outage.end();
    await toy.pass(2 * MINUTE_MS);
    expect([A, B, C].map((target) => toy.loadsOf(target))).toEqual([[1, 46], [45], [45]]);
    const [back, ...others] = toy.eventsOf('warehouse-back');
    expect(others).toEqual([]);
    expect(back?.since).toBeGreaterThanOrEqual(began);
    expect(toy.eventsOf('lane-held')).toEqual([]);
    expect(await toy.tracker.gate()).toMatchObject({ hold: null, doubt: null });
  });

  it('that is over is over for all lanes at once, and not when each is swept', async () => {
    const outage = new Outage();
    const toy = lanes({ availability: { probe: outage.probe } });
    outage.begin(toy);
    for (const target of [A, B, C]) await toy.put(target, 'a.csv');
    await toy.pass(2 * MINUTE_MS);
    outage.end();
    // In such small portions nothing is ever swept.
    for (let n = 0; n < 200 && toy.eventsOf('warehouse-back').length === 0; n += 1) await toy.pass(500);
    for (let n = 0; n < 10; n += 1) await toy.pass(500);
    expect([A, B, C].map((target) => toy.loadsOf(target))).toEqual([[1], [1], [1]]);
  });

  it('that only one lane has (a wrong secret) holds that lane, which spends its attempts; the others load', async () => {
    const outage = new Outage();
    const toy = lanes({ availability: { probe: outage.probe } });
    toy.warehouse.refuses = (target) => (target === A ? away() : undefined);
    for (const target of [A, B, C]) await toy.put(target, ...names(2));
    await toy.pass(MINUTE_MS);
    expect(toy.loadsOf(B)).toEqual([2]);
    expect(toy.loadsOf(C)).toEqual([2]);
    expect(toy.warehouse.submitted.filter((target) => target === A)).toHaveLength(3);
    expect((await toy.lane(A)).state).toMatchObject({ kind: 'held', code: 'warehouse-unavailable' });
    expect(toy.eventsOf('warehouse-held')).toEqual([]);
    toy.warehouse.refuses = () => undefined;
    await toy.pass(2 * MINUTE_MS);
    expect(toy.loadsOf(A)).toEqual([2]);
  });

  it('that the control plane tells needs no load to be found, and none to be over', async () => {
    const outage = new Outage();
    outage.state = { kind: 'unavailable', reason: 'cluster x is paused', until: null, windows: [] };
    const toy = lanes({ availability: { state: async () => outage.state, probe: outage.probe } });
    for (const target of [A, B]) await toy.put(target, 'a.csv');
    await toy.pass(10 * MINUTE_MS);
    expect(toy.warehouse.submitted).toEqual([]);
    expect((await toy.lane(B)).state).toMatchObject({ kind: 'held', reason: 'cluster x is paused' });
    outage.state = { kind: 'available', windows: [] };
    await toy.pass(2 * MINUTE_MS);
    expect([A, B].map((target) => toy.loadsOf(target))).toEqual([[1], [1]]);
  });

  it('whose control plane cannot be asked is none', async () => {
    const toy = lanes({ availability: { state: async () => undefined } });
    await toy.put(A, 'a.csv');
    await toy.pass(5_000);
    expect(toy.loadsOf(A)).toEqual([1]);
  });

  it('that is over when its dead job is settled spends no attempt either', async () => {
    const outage = new Outage();
    const toy = lanes({ availability: { probe: outage.probe } });
    for (const target of [A, B]) await toy.put(target, 'a.csv');
    await toy.pass(1_500);
    outage.begin(toy);
    await toy.look(A);
    toy.now += 6_000;
    outage.end();
    await toy.look(A);
    expect(await toy.tracker.gate()).toMatchObject({ hold: null });
    await toy.look(B);
    expect((await toy.lane(B)).failures).toBe(0);
    await toy.pass(MINUTE_MS);
    expect([A, B].map((target) => toy.loadsOf(target))).toEqual([[1], [1]]);
  });

  it('that lasts longer than it may is told once, and a load is tried against the evidence', async () => {
    const outage = new Outage();
    const toy = lanes({ maxHoldMs: 10 * MINUTE_MS, availability: { probe: outage.probe } });
    await toy.put(A, 'a.csv');
    outage.begin(toy);
    await toy.pass(25 * MINUTE_MS);
    expect(toy.eventsOf('warehouse-held').map(({ isOverdue }) => isOverdue)).toEqual([false, true]);
    // Once to find it, and twice against the evidence: after ten minutes, and after as long again.
    expect(toy.warehouse.submitted).toEqual([A, A, A]);
    expect((await toy.lane(A)).failures).toBe(0);
    // The probe is wrong now: the lanes find it out all the same.
    toy.warehouse.refuses = () => undefined;
    await toy.pass(10 * MINUTE_MS);
    expect(toy.loadsOf(A)).toEqual([1]);
    await toy.put(B, 'b.csv');
    await toy.pass(2 * MINUTE_MS);
    expect(toy.loadsOf(B)).toEqual([1]);
    expect(toy.eventsOf('warehouse-back')).toHaveLength(1);
  });
});

describe('a warehouse that must not be woken by questions', () => {
  const serverless: Availability = { state: async () => ({ kind: 'available', windows: [] }) };

  it('is away when two lanes find it so; the first load that waits is the probe, for all', async () => {
    const outage = new Outage();
    const toy = lanes({ availability: serverless });
    outage.begin(toy);
    for (const target of [A, B, C]) await toy.put(target, 'a.csv');
    await toy.pass(2_000);
    expect(toy.eventsOf('warehouse-held')).toHaveLength(1);
    expect(toy.warehouse.submitted).toEqual([A, B]);
    await toy.pass(30 * MINUTE_MS);
    const tried = toy.warehouse.submitted.length;
    // One load a minute, and not one of each lane.
    expect(tried).toBeLessThan(50);
    for (const target of [A, B, C]) expect((await toy.lane(target)).failures).toBe(0);
    outage.end();
    await toy.pass(2 * MINUTE_MS);
    expect(toy.warehouse.submitted.length - tried).toBe(3);
    expect([A, B, C].map((target) => toy.loadsOf(target))).toEqual([[1], [1], [1]]);
  });

  it('is not away for one lane that says so: the others load, and it spends its attempts', async () => {
    const toy = lanes({ availability: serverless });
    toy.warehouse.refuses = (target) => (target === A ? away() : undefined);
    await toy.put(A, 'a.csv');
    for (let minute = 0; minute < 3; minute += 1) {
      await toy.put(B, `${minute}.csv`);
      await toy.pass(MINUTE_MS);
    }
    expect(toy.loadsOf(B)).toEqual([1, 1, 1]);
    expect(toy.eventsOf('warehouse-held')).toEqual([]);
  });

  it('comes back by the lanes that can load, when the one that found it away cannot by its own fault', async () => {
    const outage = new Outage();
    const toy = lanes({ availability: serverless });
    outage.begin(toy);
    for (const target of [A, B, C]) await toy.put(target, 'a.csv');
    await toy.pass(5 * MINUTE_MS);
    toy.warehouse.refuses = (target) => (target === A ? away() : undefined);
    await toy.pass(4 * MINUTE_MS);
    expect([B, C].map((target) => toy.loadsOf(target))).toEqual([[1], [1]]);
  });
});

describe('a pause', () => {
  const pause = { by: 'ada', why: 'a backfill by hand', since: START };

  it('of a target lets its job end and files in, and submits nothing until it ends', async () => {
    const toy = lanes();
    await toy.put(A, 'in-hand.csv');
    await toy.pass(1_500);
    expect((await toy.lane(A)).state.kind).toBe('running');
    await pauseTarget(toy.loader, A, pause);
    expect(await toy.lane(A)).toMatchObject({ state: { kind: 'running' }, pauseAsked: pause });
    await toy.put(A, ...names(2));
    await toy.put(B, 'b.csv');
    await toy.pass(10 * MINUTE_MS);
    expect(toy.loadsOf(A)).toEqual([1]);
    expect(toy.loadsOf(B)).toEqual([1]);
    expect(await toy.lane(A)).toMatchObject({ state: { kind: 'paused', ...pause }, pauseAsked: null });
    expect(await resumeTarget(toy.loader, A)).toBe(true);
    expect(await resumeTarget(toy.loader, A)).toBe(false);
    await toy.pass(10_000);
    expect(toy.loadsOf(A)).toEqual([1, 2]);
  });

  it('that was asked for and taken back while a job ran was none', async () => {
    const toy = lanes();
    await toy.put(A, 'in-hand.csv');
    await toy.pass(1_500);
    await pauseTarget(toy.loader, A, pause);
    expect(await resumeTarget(toy.loader, A)).toBe(true);
    await toy.put(A, 'next.csv');
    await toy.pass(10_000);
    expect(toy.loadsOf(A)).toEqual([1, 1]);
  });

  it('of the warehouse holds every lane; pauses of targets outlast it', async () => {
    const toy = lanes();
    await pauseWarehouse(toy.loader, pause);
    await pauseTarget(toy.loader, C, { ...pause, why: 'a new column' });
    for (const target of [A, B, C]) await toy.put(target, ...names(2));
    await toy.pass(20 * MINUTE_MS);
    expect(toy.warehouse.submitted).toEqual([]);
    expect((await toy.lane(A)).state).toMatchObject({
      kind: 'held',
      code: 'warehouse-paused',
      reason: 'the warehouse is paused by ada: a backfill by hand',
    });
    expect(await resumeWarehouse(toy.loader)).toBe(true);
    expect(await resumeWarehouse(toy.loader)).toBe(false);
    await toy.pass(5_000);
    expect([A, B, C].map((target) => toy.loadsOf(target))).toEqual([[2], [2], []]);
  });

  it('of what is no target is refused', async () => {
    await expect(pauseTarget(lanes().loader, 'public.x', pause)).rejects.toThrow(/is not a target/u);
  });
});
