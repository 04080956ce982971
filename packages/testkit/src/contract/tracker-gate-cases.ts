import { freshGate, type Gate, type Tracker } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { WithPort } from './opened.ts';
import { TARGET } from './tracker-fixtures.ts';

const SHUT: Gate = {
  version: 0,
  hold: { reason: 'cluster "é" is paused', since: 1, until: 2, triedAt: 3 },
  pause: { by: 'ops', why: 'migration', since: 4 },
  doubt: { target: TARGET, at: 5 },
  lastOutage: { since: 6, endedAt: 7 },
};

/** The contract of what stands before all lanes. */
export function trackerGateCases(withTracker: WithPort<Tracker>): void {
  describe('the gate', () => {
    it(
      'is open when nothing was ever stored, and no lane',
      withTracker(async (tracker) => {
        expect(await tracker.gate()).toEqual(freshGate());
        expect(await tracker.putGate(SHUT)).toBe(true);
        expect(await tracker.lanes()).toEqual([]);
        expect(await tracker.board()).toEqual({ gate: { ...SHUT, version: 1 }, lanes: [] });
      }),
    );

    it(
      'is on the board with every lane',
      withTracker(async (tracker) => {
        expect(await tracker.board()).toEqual({ gate: freshGate(), lanes: [] });
        await tracker.addArrivals(TARGET, 1);
        await tracker.addArrivals('public.gate', 1);
        expect(await tracker.putGate(SHUT)).toBe(true);
        const { gate, lanes } = await tracker.board();
        expect(gate).toEqual({ ...SHUT, version: 1 });
        expect(lanes.map(({ target }) => target).sort()).toEqual([TARGET, 'public.gate'].sort());
        expect(lanes).toEqual(await tracker.lanes());
      }),
    );

    it(
      'is stored with every field and with version + 1, and opened again',
      withTracker(async (tracker) => {
        expect(await tracker.putGate(SHUT)).toBe(true);
        expect(await tracker.gate()).toEqual({ ...SHUT, version: 1 });
        expect(await tracker.putGate({ ...freshGate(), version: 1 })).toBe(true);
        expect(await tracker.gate()).toEqual({ ...freshGate(), version: 2 });
      }),
    );

    it(
      'is refused with another version than the stored one, and nothing is written',
      withTracker(async (tracker) => {
        expect(await tracker.putGate({ ...SHUT, version: 1 })).toBe(false);
        expect(await tracker.gate()).toEqual(freshGate());
        expect(await tracker.putGate(SHUT)).toBe(true);
        expect(await tracker.putGate(freshGate())).toBe(false);
        expect(await tracker.gate()).toEqual({ ...SHUT, version: 1 });
      }),
    );

    it(
      'has one of 20 concurrent writers of one version, also of the first',
      withTracker(async (tracker) => {
        for (const round of [0, 1]) {
          const gate = await tracker.gate();
          const outcomes = await Promise.all(
            Array.from({ length: 20 }, (_, writer) =>
              tracker.putGate({ ...gate, doubt: { target: TARGET, at: writer } }),
            ),
          );
          expect(outcomes.filter((won) => won)).toHaveLength(1);
          expect(await tracker.gate()).toMatchObject({
            version: round + 1,
            doubt: { at: outcomes.indexOf(true) },
          });
        }
      }),
    );
  });
}
