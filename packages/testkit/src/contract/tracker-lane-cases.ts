import { freshLane, type Tracker } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { WithPort } from './opened.ts';
import { busyLane, jobAt, OTHER, TARGET } from './tracker-fixtures.ts';

/** The contract of lanes and of jobs. */
export function trackerLaneCases(withTracker: WithPort<Tracker>): void {
  describe('lanes', () => {
    it(
      'gives a fresh idle lane where there is none, and does not make one by looking',
      withTracker(async (tracker) => {
        expect(await tracker.lane(TARGET)).toEqual(freshLane(TARGET));
        expect(await tracker.lanes()).toEqual([]);
      }),
    );

    it(
      'stores a lane with every field and with version + 1',
      withTracker(async (tracker) => {
        const lane = busyLane(TARGET);
        expect(await tracker.putLane(lane)).toBe(true);
        expect(await tracker.lane(TARGET)).toEqual({ ...lane, version: 1 });
        expect(await tracker.lanes()).toEqual([{ ...lane, version: 1 }]);
        expect(await tracker.lane(OTHER)).toEqual(freshLane(OTHER));
      }),
    );

    it(
      'keeps every kind of state as it is',
      withTracker(async (tracker) => {
        const running = busyLane(TARGET).state;
        if (running.kind !== 'running') throw new Error('the fixture is not a running lane');
        const states = [
          { kind: 'idle' },
          { kind: 'waiting', dueAt: 1_795_264_439_123 },
          { kind: 'submitting', job: running.job, leaseUntil: 1 },
          running,
          { kind: 'held', code: 'drift', reason: 'column "é" is missing', since: 1, until: 2 },
          { kind: 'paused', by: 'ops', why: 'migration', since: 3 },
        ] as const;
        for (const state of states) {
          expect(await tracker.putLane({ ...(await tracker.lane(TARGET)), state })).toBe(true);
          expect((await tracker.lane(TARGET)).state).toEqual(state);
        }
        expect((await tracker.lane(TARGET)).version).toBe(states.length);
      }),
    );

    it(
      'refuses a lane whose version is not the stored one, and writes nothing',
      withTracker(async (tracker) => {
        const fresh = await tracker.lane(TARGET);
        expect(await tracker.putLane({ ...fresh, version: 3 })).toBe(false);
        expect(await tracker.lanes()).toEqual([]);
        expect(await tracker.putLane({ ...fresh, fence: 1 })).toBe(true);
        expect(await tracker.putLane({ ...fresh, fence: 99 })).toBe(false);
        expect(await tracker.lane(TARGET)).toEqual({ ...fresh, fence: 1, version: 1 });
      }),
    );

    it(
      'lets exactly one of 20 concurrent writers of one version win, also for the first version',
      withTracker(async (tracker) => {
        for (const round of [0, 1, 2]) {
          const lane = await tracker.lane(TARGET);
          const outcomes = await Promise.all(
            Array.from({ length: 20 }, (_, writer) =>
              tracker.putLane({ ...lane, fence: lane.fence + writer + 1 }),
            ),
          );
          expect(outcomes.filter((won) => won)).toHaveLength(1);
          const after = await tracker.lane(TARGET);
          expect(after).toEqual({
            ...lane,
            fence: lane.fence + outcomes.indexOf(true) + 1,
            version: round + 1,
          });
        }
      }),
    );

    it(
      'adds arrivals without touching the version, creating the lane',
      withTracker(async (tracker) => {
        await Promise.all(Array.from({ length: 20 }, (_, index) => tracker.addArrivals(TARGET, index + 1)));
        expect(await tracker.lane(TARGET)).toEqual({ ...freshLane(TARGET), arrivals: 210 });
        expect(await tracker.lanes()).toEqual([{ ...freshLane(TARGET), arrivals: 210 }]);
        expect(await tracker.putLane(await tracker.lane(TARGET))).toBe(true);
        await tracker.addArrivals(TARGET, 5);
        expect(await tracker.lane(TARGET)).toEqual({ ...freshLane(TARGET), arrivals: 215, version: 1 });
      }),
    );

    it(
      'tells the lane that it added arrivals to as it reads from then on, or nothing',
      withTracker(async (tracker) => {
        expect(await tracker.putLane({ ...freshLane(TARGET), fence: 3 })).toBe(true);
        const told = await tracker.addArrivals(TARGET, 2);
        if (told !== undefined) expect(told).toEqual(await tracker.lane(TARGET));
      }),
    );

    it(
      'never overwrites arrivals by putting a lane',
      withTracker(async (tracker) => {
        const before = await tracker.lane(TARGET);
        await tracker.addArrivals(TARGET, 3);
        expect(await tracker.putLane(before)).toBe(true);
        expect((await tracker.lane(TARGET)).arrivals).toBe(3);
        expect(await tracker.putLane({ ...(await tracker.lane(TARGET)), arrivals: 1_000 })).toBe(true);
        expect((await tracker.lane(TARGET)).arrivals).toBe(3);
      }),
    );

    it(
      'does not let a lane go idle past an arrival: ifArrivals',
      withTracker(async (tracker) => {
        await tracker.addArrivals(TARGET, 2);
        const lane = await tracker.lane(TARGET);
        await tracker.addArrivals(TARGET, 1);
        expect(await tracker.putLane({ ...lane, fence: 5 }, { ifArrivals: lane.arrivals })).toBe(false);
        expect(await tracker.lane(TARGET)).toEqual({ ...lane, arrivals: 3 });
        expect(await tracker.putLane({ ...lane, fence: 5 }, { ifArrivals: 3 })).toBe(true);
        expect(await tracker.lane(TARGET)).toEqual({ ...lane, arrivals: 3, fence: 5, version: 1 });
      }),
    );

    it(
      'takes ifArrivals 0 for a lane that is not there yet, and no other number',
      withTracker(async (tracker) => {
        expect(await tracker.putLane(freshLane(TARGET), { ifArrivals: 1 })).toBe(false);
        expect(await tracker.lanes()).toEqual([]);
        expect(await tracker.putLane(freshLane(TARGET), { ifArrivals: 0 })).toBe(true);
      }),
    );

    it(
      'lists 300 lanes',
      withTracker(async (tracker) => {
        const targets = Array.from({ length: 300 }, (_, index) => `public.t${index}`);
        for (const target of targets) await tracker.addArrivals(target, 1);
        expect((await tracker.lanes()).map(({ target }) => target).sort()).toEqual(targets.sort());
      }),
    );

    it(
      'shares no state with its callers',
      withTracker(async (tracker) => {
        const mine = structuredClone(busyLane(TARGET));
        await tracker.putLane(mine);
        Object.assign(mine.state, { leaseUntil: -1 });
        const given = await tracker.lane(TARGET);
        Object.assign(given.state, { leaseUntil: -2 });
        expect((await tracker.lane(TARGET)).state).toEqual(busyLane(TARGET).state);
      }),
    );
  });

  describe('jobs', () => {
    it(
      'keeps a job, and its end in place of its beginning',
      withTracker(async (tracker) => {
        await tracker.putJob(jobAt('01A', 1_000));
        expect(await tracker.jobs(TARGET, 10)).toEqual([jobAt('01A', 1_000)]);
        const settled = jobAt('01A', 1_000, {
          state: 'loaded',
          rows: 9_876_543_210,
          settledAt: 2_000,
          attempt: 2,
        });
        await tracker.putJob(settled);
        expect(await tracker.jobs(TARGET, 10)).toEqual([settled]);
        const failed = jobAt('01B', 3_000, { state: 'failed', settledAt: 3_500, error: 'é: "quoted"' });
        await tracker.putJob(failed);
        expect(await tracker.jobs(TARGET, 10)).toEqual([failed, settled]);
      }),
    );

    it(
      'lists the newest jobs of a target first, at most `limit` of them',
      withTracker(async (tracker) => {
        for (const at of [3, 1, 4, 2, 5]) await tracker.putJob(jobAt(`01J${at}`, at));
        await tracker.putJob(jobAt('01JX', 9, { target: OTHER }));
        expect((await tracker.jobs(TARGET, 3)).map(({ submittedAt }) => submittedAt)).toEqual([5, 4, 3]);
        expect((await tracker.jobs(OTHER, 3)).map(({ id }) => id)).toEqual(['01JX']);
        expect(await tracker.jobs('public.nothing', 3)).toEqual([]);
      }),
    );
  });
}
