import { describe, expect, it } from 'vitest';
import { fillDate, yesterdayOf } from './fill-date.ts';

const at = (text: string): number => Date.parse(text);

describe('yesterday', () => {
  it.each([
    ['2026-11-21T00:00:00Z', 'UTC', '2026-11-20'],
    ['2026-11-21T23:59:59Z', 'UTC', '2026-11-20'],
    ['2026-11-21T23:30:00Z', 'Europe/Skopje', '2026-11-21'],
    ['2026-11-21T02:00:00Z', 'America/New_York', '2026-11-19'],
    ['2026-03-01T12:00:00Z', 'UTC', '2026-02-28'],
    ['2026-01-01T00:00:01Z', 'UTC', '2025-12-31'],
    // Clocks were set back on the first and forward on the eighth: the day before had 25, or 23 hours.
    ['2026-11-02T04:30:00Z', 'America/New_York', '2026-10-31'],
    ['2026-11-02T05:30:00Z', 'America/New_York', '2026-11-01'],
    ['2026-03-09T04:30:00Z', 'America/New_York', '2026-03-08'],
  ])('of %s in %s is %s', (now, zone, day) => {
    expect(yesterdayOf(at(now), zone)).toBe(day);
  });

  it('needs a time zone that there is', () => {
    expect(() => yesterdayOf(0, 'Skopje')).toThrow("'Skopje' is not a time zone");
  });
});

describe('a path', () => {
  it('has the day where its placeholders are', () => {
    expect(fillDate('s3://lake/{yyyy}/{MM}/{dd}/day={yyyy}-{MM}-{dd}/', '2026-01-02')).toBe(
      's3://lake/2026/01/02/day=2026-01-02/',
    );
  });

  it.each(['{YYYY}', '{mm}', '{}'])('may not have %s', (word) => {
    expect(() => fillDate(`s3://lake/${word}/`, '2026-01-02')).toThrow(
      `'${word}' in 's3://lake/${word}/' is no part`,
    );
  });
});
