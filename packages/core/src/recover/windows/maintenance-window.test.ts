import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from './cron.ts';
import {
  earliestStart,
  joinWindows,
  type MaintenanceWindow,
  nextWindow,
  type WindowRule,
  windowsBetween,
} from './maintenance-window.ts';
import { parseWeeklyWindow } from './weekly.ts';
import { instantAt, isZone } from './zoned-time.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const HOUR_MS = 3_600_000;
const weekly = (text: string, zone = 'UTC'): WindowRule => ({
  kind: 'weekly',
  window: parseWeeklyWindow(text),
  zone,
});
const cron = (text: string, hours: number, zone = 'UTC'): WindowRule => ({
  kind: 'cron',
  times: parseCron(text),
  durationMs: hours * HOUR_MS,
  zone,
});

function show(rule: WindowRule, from: string, to: string): readonly string[] {
  const text = (at: number): string => new Date(at).toISOString().slice(0, 16);
  return windowsBetween([rule], { from: utc(from), to: utc(to) }).map(
    ({ startsAt, endsAt }) => `${text(startsAt)} ${text(endsAt)}`,
  );
}

describe('a weekly window', () => {
  it('comes every week in UTC, also over the end of a year', () => {
    expect(show(weekly('sun:05:30-sun:06:00'), '2026-12-21T00:00', '2027-01-04T00:00')).toEqual([
      '2026-12-27T05:30 2026-12-27T06:00',
      '2027-01-03T05:30 2027-01-03T06:00',
    ]);
    expect(show(weekly('thu:23:30-fri:00:30'), '2026-12-31T12:00', '2027-01-02T00:00')).toEqual([
      '2026-12-31T23:30 2027-01-01T00:30',
    ]);
  });

  it('may go over the end of a week, and is found from its middle', () => {
    expect(show(weekly('sat:23:30-sun:00:30'), '2026-11-22T00:15', '2026-11-22T00:16')).toEqual([
      '2026-11-21T23:30 2026-11-22T00:30',
    ]);
    expect(show(weekly('sun:00:00-sat:12:00'), '2026-11-20T00:00', '2026-11-20T00:01')).toEqual([
      '2026-11-15T00:00 2026-11-21T12:00',
    ]);
  });

  it("follows a zone's clocks, forward and back", () => {
    const berlin = weekly('sun:01:30-sun:03:30', 'Europe/Berlin');
    // 2026-03-29: 02:00 is 03:00. 2026-10-25: 03:00 is 02:00 again.
    expect(show(berlin, '2026-03-28T12:00', '2026-03-29T12:00')).toEqual([
      '2026-03-29T00:30 2026-03-29T01:30',
    ]);
    expect(show(berlin, '2026-10-24T12:00', '2026-10-25T12:00')).toEqual([
      '2026-10-24T23:30 2026-10-25T02:30',
    ]);
    expect(show(berlin, '2026-11-21T12:00', '2026-11-22T12:00')).toEqual([
      '2026-11-22T00:30 2026-11-22T02:30',
    ]);
  });

  it('is too long rather than too short where clocks skip its edges or show them twice', () => {
    const gap = weekly('sun:02:15-sun:02:45', 'Europe/Berlin');
    const [skipped] = windowsBetween([gap], {
      from: utc('2026-03-28T12:00'),
      to: utc('2026-03-29T12:00'),
    });
    expect(skipped).toEqual({ startsAt: utc('2026-03-29T00:15'), endsAt: utc('2026-03-29T01:45') });
    expect(show(gap, '2026-10-24T12:00', '2026-10-25T12:00')).toEqual(['2026-10-25T00:15 2026-10-25T01:45']);
  });

  it.each(['', 'sun', 'sun:05:30', 'so:05:30-so:06:00', 'sun:24:00-mon:01:00', 'sun:05:30-sun:05:30'])(
    "is not '%s'",
    (text) => {
      expect(() => parseWeeklyWindow(text)).toThrow(/is not a maintenance window/u);
    },
  );
});

describe('the next window of a cluster', () => {
  const next = (text: string, now: string, deferrals: MaintenanceWindow[] = []): unknown =>
    nextWindow(parseWeeklyWindow(text), { now: utc(now), deferrals });

  it('is itself while it lasts, and then that of the week after', () => {
    const window = { startsAt: utc('2026-11-22T05:30'), endsAt: utc('2026-11-22T06:00') };
    expect(next('sun:05:30-sun:06:00', '2026-11-21T12:00')).toEqual(window);
    expect(next('SUN:05:30-SUN:06:00', '2026-11-22T05:30')).toEqual(window);
    expect(next('sun:05:30-sun:06:00', '2026-11-22T06:00')).toEqual({
      startsAt: utc('2026-11-29T05:30'),
      endsAt: utc('2026-11-29T06:00'),
    });
  });

  it('is skipped while it is deferred, and there is none within sixty weeks of deferral', () => {
    const deferral = { startsAt: utc('2026-11-20T00:00'), endsAt: utc('2026-11-25T00:00') };
    expect(next('sun:05:30-sun:06:00', '2026-11-21T12:00', [deferral])).toEqual({
      startsAt: utc('2026-11-29T05:30'),
      endsAt: utc('2026-11-29T06:00'),
    });
    const forYears = { startsAt: 0, endsAt: utc('2030-01-01T00:00') };
    expect(next('sun:05:30-sun:06:00', '2026-11-21T12:00', [forYears])).toBeUndefined();
  });
});

describe('windows by cron', () => {
  it('begin at the times of the zone and last as long as they say', () => {
    expect(show(cron('30 3 * * mon-fri', 1), '2026-11-20T00:00', '2026-11-24T00:00')).toEqual([
      '2026-11-20T03:30 2026-11-20T04:30',
      '2026-11-23T03:30 2026-11-23T04:30',
    ]);
    const newYork = cron('30 2 1 * *', 2, 'America/New_York');
    expect(show(newYork, '2026-10-31T00:00', '2026-12-02T00:00')).toEqual([
      '2026-11-01T07:30 2026-11-01T09:30',
      '2026-12-01T07:30 2026-12-01T09:30',
    ]);
  });

  it('that are under way are found, and those that touch are one', () => {
    expect(show(cron('0 22 * * *', 6), '2026-11-21T03:00', '2026-11-21T03:01')).toEqual([
      '2026-11-20T22:00 2026-11-21T04:00',
    ]);
    expect(show(cron('0 */2 * * *', 2), '2026-11-21T03:00', '2026-11-21T05:00')).toEqual([
      '2026-11-21T02:00 2026-11-21T06:00',
    ]);
  });

  it('on a day of the month or of the week, when both are restricted, as cron has it', () => {
    expect(show(cron('0 0 13 * fri', 1), '2026-11-10T00:00', '2026-11-21T00:00')).toEqual([
      '2026-11-13T00:00 2026-11-13T01:00',
      '2026-11-20T00:00 2026-11-20T01:00',
    ]);
    expect(show(cron('0 0 11-12 * */7', 1), '2026-11-10T00:00', '2026-11-21T00:00')).toEqual([]);
  });

  it.each([
    ['0 3 * *', 'has 4 fields'],
    ['60 3 * * *', "has '60' as minute"],
    ['0 24 * * *', "has '24' as hour"],
    ['0 3 0 * *', "has '0' as day of the month"],
    ['0 3 * mai *', "has 'mai' as month"],
    ['0 3 * * 8', "has '8' as day of the week"],
    ['0 5-3 * * *', "has '5-3' as hour"],
    ['0 3-4-5 * * *', "has '3-4-5' as hour"],
    ['0 3/0 * * *', "has '3/0' as hour"],
    ['0 1/2/3 * * *', "has '1/2/3' as hour"],
    ['0 , * * *', "has '' as hour"],
  ])("are not '%s'", (text, said) => {
    expect(() => parseCron(text)).toThrow(said);
  });

  it('take names, lists, ranges and steps', () => {
    expect(parseCron('5,50-52/2 1/11 * * *').minutes).toEqual([
      65, 110, 112, 725, 770, 772, 1385, 1430, 1432,
    ]);
    expect([...parseCron('0 0 * feb,DEC sun,7').months]).toEqual([2, 12]);
    expect(parseCron('0 0 * * 7').weekdays.has(0)).toBe(true);
  });
});

describe('time in zones', () => {
  it('knows zones by their names', () => {
    expect(isZone('Europe/Berlin')).toBe(true);
    expect(isZone('Europe/Bonn')).toBe(false);
  });

  it('shows what was asked for, at the first or the last of the instants that could be meant', () => {
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
    );
    const minutes = fc.integer({ min: 0, max: 3 * 366 * 1440 });
    fc.assert(
      fc.property(zones, minutes, (zone, minute) => {
        const day = { year: 2025, month: 1, day: 1 };
        const start = instantAt(day, minute, { zone, edge: 'start' });
        const end = instantAt(day, minute, { zone, edge: 'end' });
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end - start).toBeLessThanOrEqual(HOUR_MS);
        if (end !== start) return;
        const shown = new Date(start).toLocaleString('sv-SE', { timeZone: zone });
        expect(shown.slice(0, 16)).toBe(
          new Date(utc('2025-01-01T00:00') + minute * 60_000).toISOString().slice(0, 16).replace('T', ' '),
        );
      }),
    );
  });
});

describe('the earliest start of a load', () => {
  const windows = fc
    .array(fc.tuple(fc.nat(1_000), fc.integer({ min: 1, max: 100 })), { maxLength: 12 })
    .map((drawn) =>
      joinWindows(drawn.map(([startsAt, length]) => ({ startsAt, endsAt: startsAt + length }))),
    );
  const touches = (start: number, length: number, all: readonly MaintenanceWindow[]): boolean =>
    all.some(({ startsAt, endsAt }) => startsAt < start + length && start < endsAt);

  it('touches no window, and no earlier one would do', () => {
    fc.assert(
      fc.property(windows, fc.nat(1_200), fc.integer({ min: 1, max: 50 }), (all, now, length) => {
        const start = earliestStart(now, length, all);
        expect(touches(start, length, all)).toBe(false);
        for (let earlier = now; earlier < start; earlier += 1) {
          expect(touches(earlier, length, all)).toBe(true);
        }
      }),
    );
  });

  it('is now where there is no window, and after those that leave too little time between', () => {
    expect(earliestStart(5, 10, [])).toBe(5);
    const tight = [
      { startsAt: 10, endsAt: 20 },
      { startsAt: 25, endsAt: 30 },
    ];
    expect(earliestStart(0, 10, tight)).toBe(0);
    expect(earliestStart(1, 10, tight)).toBe(30);
    expect(earliestStart(1, 9, tight)).toBe(1);
  });
});

describe('joined windows', () => {
  it('cover the same time, ascending and apart', () => {
    const drawn = fc.array(
      fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 30 })).map(([startsAt, length]) => ({
        startsAt,
        endsAt: startsAt + length,
      })),
    );
    fc.assert(
      fc.property(drawn, (some) => {
        const joined = joinWindows(some);
        const covers = (all: readonly MaintenanceWindow[], at: number): boolean =>
          all.some(({ startsAt, endsAt }) => startsAt <= at && at < endsAt);
        for (let at = 0; at < 240; at += 1) expect(covers(joined, at)).toBe(covers(some, at));
        for (const [nth, { startsAt }] of joined.entries()) {
          expect(startsAt).toBeGreaterThan(joined[nth - 1]?.endsAt ?? -1);
        }
      }),
    );
  });
});
