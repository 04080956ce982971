import { describe, expect, it } from 'vitest';
import { freshGate, isConfirmed, isGateCode, isOverdue, isShut, judgeProbes, nextLookAt } from './gate.ts';
import { type ErrorClass, LoadError } from './load-error.ts';

const failed = (errorClass: ErrorClass) => ({
  kind: 'failed' as const,
  error: new LoadError('some-code', 'the words of it', { class: errorClass }),
});
const available = { kind: 'available', windows: [] } as const;
const paused = { kind: 'unavailable', reason: 'cluster a is paused', until: null, windows: [] } as const;

describe('the evidence of an outage', () => {
  it('is what the control plane says, whatever a statement came to', () => {
    expect(judgeProbes(paused, { kind: 'answered' })).toEqual({
      kind: 'away',
      reason: 'cluster a is paused',
    });
  });

  it('is a statement that found nobody, also when the control plane calls the warehouse available', () => {
    expect(judgeProbes(available, failed('unavailable'))).toEqual({
      kind: 'away',
      reason: 'the words of it',
    });
    expect(judgeProbes(undefined, failed('unavailable')).kind).toBe('away');
  });

  it.each<[string, Parameters<typeof judgeProbes>[1], string]>([
    ['an answer', { kind: 'answered' }, 'here'],
    ['a right that is missing', failed('config'), 'here'],
    ['a throttled call', failed('transient'), 'unclear'],
    ['a lost reply', failed('unknown'), 'unclear'],
    ['nothing, where no statement is asked', null, 'unclear'],
  ])('is not %s', (_, probe, kind) => {
    expect(judgeProbes(available, probe)).toEqual({ kind });
    expect(judgeProbes(undefined, probe)).toEqual({ kind });
  });

  it('is what two lanes found lately, when none has loaded since', () => {
    const doubt = { target: 'public.a', at: 1_000 };
    const asked = { target: 'public.b', now: 2_000, lastLoadedAt: 900 };
    expect(isConfirmed(doubt, asked)).toBe(true);
    expect(isConfirmed(doubt, { ...asked, lastLoadedAt: null })).toBe(true);
    expect(isConfirmed(doubt, { ...asked, target: 'public.a' })).toBe(false);
    expect(isConfirmed(doubt, { ...asked, lastLoadedAt: 1_500 })).toBe(false);
    expect(isConfirmed(doubt, { ...asked, now: 400_000 })).toBe(false);
    expect(isConfirmed(null, asked)).toBe(false);
  });
});

describe('a hold', () => {
  it('is looked at every five seconds at first, and every minute later', () => {
    expect([0, 19_000, 100_000, 9_000_000].map((age) => nextLookAt(0, age) - age)).toEqual([
      5_000, 5_000, 25_000, 60_000,
    ]);
  });

  it('is looked at again at a whole millisecond, as every instant is', () => {
    expect(nextLookAt(0, 30_001)).toBe(37_501);
  });

  it('is overdue at its maximum age, and again after as long', () => {
    const hold = { reason: '', since: 1_000, until: 0, triedAt: null };
    expect([60_999, 61_000].map((now) => isOverdue(hold, now, 60_000))).toEqual([false, true]);
    const tried = { ...hold, triedAt: 61_000 };
    expect([120_999, 121_000].map((now) => isOverdue(tried, now, 60_000))).toEqual([false, true]);
  });

  it('shuts the gate until its time is up, and a pause until it ends', () => {
    const hold = { reason: '', since: 0, until: 10, triedAt: null };
    expect([9, 10].map((now) => isShut({ ...freshGate(), hold }, now))).toEqual([true, false]);
    expect(isShut({ ...freshGate(), pause: { by: 'ada', why: '', since: 0 } }, 99)).toBe(true);
    expect(isShut(freshGate(), 0)).toBe(false);
  });

  it('of the gate is told from a lane’s own by its code', () => {
    expect(isGateCode('maintenance-window')).toBe(true);
    expect(isGateCode('warehouse-unavailable')).toBe(false);
  });
});
