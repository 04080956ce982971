import { describe, expect, it } from 'vitest';
import { nextWindow, parseWeeklyWindow } from './maintenance-window.ts';

const at = (day: number, hour: number, minute = 0): number => Date.UTC(2026, 10, day, hour, minute);

function next(text: string, now: number, deferrals: { startsAt: number; endsAt: number }[] = []): unknown {
  return nextWindow(parseWeeklyWindow(text), { now, deferrals });
}

describe('a maintenance window', () => {
  it('comes every week, and is itself while it lasts', () => {
    const window = { startsAt: at(22, 5, 30), endsAt: at(22, 6) };
    expect(next('sun:05:30-sun:06:00', at(21, 12))).toEqual(window);
    expect(next('SUN:05:30-SUN:06:00', at(22, 5, 30))).toEqual(window);
    expect(next('sun:05:30-sun:06:00', at(22, 6))).toEqual({ startsAt: at(29, 5, 30), endsAt: at(29, 6) });
  });

  it('may go over the end of a week', () => {
    // Saturday the 21st, 23:30, to Sunday the 22nd, 00:30.
    const window = { startsAt: at(21, 23, 30), endsAt: at(22, 0, 30) };
    expect(next('sat:23:30-sun:00:30', at(21, 12))).toEqual(window);
    expect(next('sat:23:30-sun:00:30', at(22, 0, 15))).toEqual(window);
    expect(next('sat:23:30-sun:00:30', at(22, 0, 30))).toEqual({
      startsAt: at(28, 23, 30),
      endsAt: at(29, 0, 30),
    });
  });

  it('is skipped while it is deferred, and there is none within sixty weeks of deferral', () => {
    const deferral = { startsAt: at(20, 0), endsAt: at(25, 0) };
    expect(next('sun:05:30-sun:06:00', at(21, 12), [deferral])).toEqual({
      startsAt: at(29, 5, 30),
      endsAt: at(29, 6),
    });
    expect(
      next('sun:05:30-sun:06:00', at(21, 12), [{ startsAt: 0, endsAt: Date.UTC(2030, 0) }]),
    ).toBeUndefined();
  });

  it.each([
    '',
    'sun',
    'sun:05:30',
    'so:05:30-so:06:00',
    'sun:24:00-mon:01:00',
    'sun:05:60-sun:06:00',
    'sun:05:30-sun:05:30',
  ])("is not '%s'", (text) => {
    expect(() => parseWeeklyWindow(text)).toThrow(/is not a maintenance window/u);
  });
});
