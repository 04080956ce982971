import { describe, expect, it } from 'vitest';
import { freshLane } from '../../lane/lane.ts';
import { freshGate } from '../../recover/gate.ts';
import { timelineOf } from './timeline.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21, 12);
const text = (at: number): string => new Date(at).toISOString();
const nothing = { gate: freshGate(), lanes: [], windows: [], endedHolds: [], now: NOW };

describe('the timeline', () => {
  it('reaches from six hours ago to eighteen hours ahead, and has the windows in it', () => {
    const windows = [0, 12, 100].map((hours) => ({
      kind: 'once' as const,
      startsAt: NOW + hours * HOUR,
      endsAt: NOW + hours * HOUR + 60_000,
    }));
    const { from, to, spans } = timelineOf({ ...nothing, windows });
    expect([from, to]).toEqual([text(NOW - 6 * HOUR), text(NOW + 18 * HOUR)]);
    expect(spans.map((one) => [one.kind, one.from])).toEqual([
      ['window', text(NOW)],
      ['window', text(NOW + 12 * HOUR)],
    ]);
  });

  it('has what is, without an end, and what was, once', () => {
    const gate = {
      ...freshGate(),
      hold: { reason: 'it restarts', since: NOW - HOUR, until: NOW + 1, triedAt: null },
      pause: { by: 'ada', why: 'a resize', since: NOW - 5 },
      lastOutage: { since: NOW - 3 * HOUR, endedAt: NOW - 2 * HOUR },
    };
    const remembered = {
      kind: 'outage',
      target: null,
      from: NOW - 3 * HOUR,
      to: NOW - 2 * HOUR,
      why: 'a reboot',
    } as const;
    const old = { ...remembered, from: NOW - 9 * HOUR, to: NOW - 8 * HOUR };
    const { spans } = timelineOf({ ...nothing, gate, endedHolds: [old, remembered] });
    expect(spans.map(({ kind, to, why }) => [kind, to, why])).toEqual([
      ['outage', text(NOW - 2 * HOUR), 'a reboot'],
      ['outage', null, 'it restarts'],
      ['pause', null, 'paused by ada: a resize'],
    ]);
    const forgotten = timelineOf({ ...nothing, gate: { ...freshGate(), lastOutage: gate.lastOutage } });
    expect(forgotten.spans).toMatchObject([{ kind: 'outage', from: text(NOW - 3 * HOUR) }]);
  });

  it('has lanes that are held or paused for a reason of their own, and not those that the gate holds', () => {
    const lane = (target: string, code: string) => ({
      ...freshLane(target),
      state: { kind: 'held' as const, code, reason: 'because', since: NOW - 1, until: NOW + 1 },
    });
    const { spans } = timelineOf({
      ...nothing,
      lanes: [
        lane('public.a', 'permission-denied'),
        lane('public.b', 'maintenance-window'),
        freshLane('public.c'),
      ],
    });
    expect(spans).toMatchObject([{ kind: 'hold', target: 'public.a', to: null, why: 'because' }]);
  });
});
