import { describe, expect, it } from 'vitest';
import { freshLane, type Lane } from '../lane/lane.ts';
import type { Condition } from '../ports/alerts.ts';
import { growStreak, streakAfterLoad } from '../recover/data-streak.ts';
import { freshGate } from '../recover/gate.ts';
import { type AlertSnapshot, type BrokenLane, findConditions, NO_TROUBLE } from './find-conditions.ts';

const T = 'public.t';
const NOW = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;

function snapshot(change: Partial<AlertSnapshot> = {}): AlertSnapshot {
  return {
    now: NOW,
    gate: freshGate(),
    maxHoldMs: 60 * MINUTE_MS,
    lanes: [freshLane(T)],
    counts: new Map(),
    freshnessMs: new Map([[T, MINUTE_MS]]),
    trouble: NO_TROUBLE,
    open: [],
    ...change,
  };
}

const held = (code: string, forMs = MINUTE_MS): Lane => ({
  ...freshLane(T),
  state: { kind: 'held', code, reason: `because of ${code}`, since: NOW - 10, until: NOW - 10 + forMs },
});
const counts = (files: Partial<{ waiting: number; quarantined: number; oldestWaitingAt: number }>) =>
  new Map([[T, { waiting: 0, superseded: 0, quarantined: 0, oldestWaitingAt: null, ...files }]]);
const broken = (times: number, forMs = 0): ReadonlyMap<string, BrokenLane> =>
  new Map([[T, { times, since: NOW - forMs, reason: 'the document is gone' }]]);
const said = (of: AlertSnapshot): readonly string[] =>
  findConditions(of).map(({ key, severity }) => `${key} ${severity}`);

describe('a lane', () => {
  it('that is held is told with its code; that every file fails is a condition of its own', () => {
    expect(said(snapshot({ lanes: [held('table-missing')] }))).toEqual([
      `lane-held/${T}/table-missing error`,
    ]);
    expect(said(snapshot({ lanes: [held('drift')] }))).toEqual([`drift/${T} error`]);
  });

  it('that waits at the gate, or for a moment, is not told', () => {
    const codes = ['maintenance-window', 'warehouse-away', 'warehouse-paused'];
    for (const code of codes) expect(said(snapshot({ lanes: [held(code)] }))).toEqual([]);
    expect(said(snapshot({ lanes: [held('warehouse-unavailable', 5_000)] }))).toEqual([]);
  });

  it('stays told through its tries, and until it has loaded or nothing waits', () => {
    const open = findConditions(snapshot({ lanes: [held('table-missing')] }));
    const trying: Lane = { ...freshLane(T), failures: 5, state: { kind: 'waiting', dueAt: NOW } };
    expect(said(snapshot({ lanes: [trying], open }))).toEqual([`lane-held/${T}/table-missing error`]);
    expect(said(snapshot({ lanes: [{ ...trying, lastLoadedAt: NOW - 11 }], open }))).toHaveLength(1);
    expect(said(snapshot({ lanes: [{ ...trying, failures: 0, lastLoadedAt: NOW }], open }))).toEqual([]);
    expect(said(snapshot({ lanes: [freshLane(T)], open }))).toEqual([]);
    expect(said(snapshot({ lanes: [], open }))).toEqual([]);
  });

  it('that fails again and again is told before it is held', () => {
    const lane: Lane = { ...freshLane(T), state: { kind: 'waiting', dueAt: NOW } };
    expect(said(snapshot({ lanes: [{ ...lane, failures: 2 }] }))).toEqual([]);
    expect(said(snapshot({ lanes: [{ ...lane, failures: 3 }] }))).toEqual([`lane-failing/${T} warning`]);
  });

  it('that cannot be looked at is told until it has proved that it moves', () => {
    const trouble = { ...NO_TROUBLE, broken: broken(3) };
    const running: Lane = { ...freshLane(T), state: { kind: 'waiting', dueAt: NOW } };
    const open = findConditions(snapshot({ lanes: [running], trouble }));
    expect(open.map(({ key, text }) => [key, text])).toEqual([[`lane-broken/${T}`, 'the document is gone']]);
    expect(said(snapshot({ lanes: [running], open }))).toHaveLength(1);
    expect(said(snapshot({ lanes: [{ ...running, lastLoadedAt: NOW + 1 }], open }))).toEqual([]);
  });

  it('that could not be looked at is told after the third time, or after a minute, with its beginning', () => {
    const told = (...of: Parameters<typeof broken>): readonly Condition[] =>
      findConditions(snapshot({ trouble: { ...NO_TROUBLE, broken: broken(...of) } }));
    expect(told(1)).toEqual([]);
    expect(told(2, MINUTE_MS - 1)).toEqual([]);
    expect(told(3, 700)).toMatchObject([{ kind: 'lane-broken', since: NOW - 700 }]);
    expect(told(2, MINUTE_MS)).toMatchObject([{ kind: 'lane-broken', since: NOW - MINUTE_MS }]);
  });
});

describe('files', () => {
  const late = (minutes: number) => counts({ waiting: 1, oldestWaitingAt: NOW - minutes * MINUTE_MS });

  it('that wait for ten times their freshness are told, for sixty times as an error', () => {
    expect(said(snapshot({ counts: late(9) }))).toEqual([]);
    expect(said(snapshot({ counts: late(10) }))).toEqual([`freshness-missed/${T} warning`]);
    expect(said(snapshot({ counts: late(60) }))).toEqual([`freshness-missed/${T} error`]);
  });

  it('do not tell on and off around that time', () => {
    const open = findConditions(snapshot({ counts: late(10) }));
    expect(said(snapshot({ counts: late(6), open }))).toHaveLength(1);
    expect(said(snapshot({ counts: late(4), open }))).toEqual([]);
  });

  it('that something else explains are not told', () => {
    const pause = { by: 'ops', why: 'upgrade', since: NOW };
    const hold = { reason: 'away', since: NOW, until: NOW, triedAt: null };
    for (const gate of [
      { ...freshGate(), pause },
      { ...freshGate(), hold },
    ]) {
      expect(said(snapshot({ counts: late(90), gate }))).not.toContain(`freshness-missed/${T} error`);
    }
    const lanes = [held('maintenance-window')];
    expect(said(snapshot({ counts: late(90), lanes }))).toEqual([]);
    // A pause that somebody forgot is no condition either: it says by whom and why in the status.
    expect(
      said(snapshot({ counts: late(90), lanes: [{ ...freshLane(T), state: { kind: 'paused', ...pause } }] })),
    ).toEqual([]);
  });

  it('that were quarantined are one condition with a count, from a hundred on an error', () => {
    const [one] = findConditions(snapshot({ counts: counts({ quarantined: 99 }) }));
    expect(one).toMatchObject({
      severity: 'warning',
      text: '99 files were put aside, with a reason each',
    });
    expect(said(snapshot({ counts: counts({ quarantined: 100 }) }))).toEqual([
      `files-quarantined/${T} error`,
    ]);
  });

  it('that a lane took back, or that were redriven, stay told until something loads', () => {
    const open = findConditions(snapshot({ counts: counts({ quarantined: 4 }) }));
    const streak = growStreak(null, { now: NOW, files: 4, found: 4, bad: [] });
    const waiting: Lane = { ...freshLane(T), streak, state: { kind: 'waiting', dueAt: NOW } };
    const drifting: Lane = { ...held('drift'), streak: { ...streak, heldSince: NOW } };
    const files = counts({ waiting: 4 });
    expect(said(snapshot({ lanes: [waiting], counts: files, open }))).toEqual([
      `files-quarantined/${T} warning`,
    ]);
    expect(said(snapshot({ lanes: [drifting], counts: files, open }))).toEqual([
      `drift/${T} error`,
      `files-quarantined/${T} warning`,
    ]);
    const loaded: Lane = { ...waiting, streak: streakAfterLoad(streak, { now: NOW, files: 1 }) };
    expect(said(snapshot({ lanes: [loaded], counts: files, open }))).toEqual([]);
    expect(said(snapshot({ counts: counts({}), open }))).toEqual([]);
  });

  it('of lanes that were not counted stay as they were told', () => {
    const open = findConditions(snapshot({ counts: counts({ quarantined: 1 }) }));
    expect(said(snapshot({ open }))).toHaveLength(1);
    expect(said(snapshot({ open, counts: counts({}) }))).toEqual([]);
  });
});

describe('the warehouse', () => {
  const hold = (minutes: number) => ({
    ...freshGate(),
    hold: { reason: 'cluster a is paused', since: NOW - minutes * MINUTE_MS, until: NOW, triedAt: null },
  });

  it('is told when it is away, and is critical when that lasts longer than it may', () => {
    expect(said(snapshot({ gate: hold(59) }))).toEqual(['warehouse-away warning']);
    expect(said(snapshot({ gate: hold(60) }))).toEqual(['warehouse-away critical']);
    expect(findConditions(snapshot({ gate: hold(1) }))[0]?.text).toBe('cluster a is paused');
  });
});

describe('a worker', () => {
  it('that could not start is told until one has started after it', () => {
    const start = { kind: 'migration-failed', since: NOW, reason: 'near "TABEL"' } as const;
    const open = findConditions(snapshot({ trouble: { ...NO_TROUBLE, start } }));
    expect(open.map(({ kind, severity }) => [kind, severity])).toEqual([['migration-failed', 'critical']]);
    const saying = (startedAt: number | null): readonly Condition[] =>
      findConditions(snapshot({ open, trouble: { ...NO_TROUBLE, startedAt } }));
    expect(saying(null)).toHaveLength(1);
    expect(saying(NOW - 1)).toHaveLength(1);
    expect(saying(NOW + 1)).toEqual([]);
  });

  it('that cannot list, or read notifications, is told with the reason', () => {
    const listing = { since: NOW, reason: 'access denied' };
    const refused = { since: NOW, reason: 'not a notification', count: 3 };
    const found = findConditions(snapshot({ trouble: { ...NO_TROUBLE, listing, refused } }));
    expect(found.map(({ text }) => text)).toEqual([
      'access denied',
      '3 of the last hour, the last one: not a notification',
    ]);
    expect(said(snapshot({ open: found }))).toEqual(['notification-refused warning']);
    expect(said(snapshot({ open: found, now: NOW + 60 * MINUTE_MS }))).toEqual([]);
  });
});
