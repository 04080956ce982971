import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { local } from './define-config.ts';
import { parseConfig } from './parse-config.ts';
import type { WindowJson } from './place-schema.ts';

const targets = {};

function problemsOf(window: unknown): readonly string[] {
  try {
    parseConfig({ warehouse: { kind: 'local', windows: [window] }, targets }, { source: 'c' });
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

describe('the windows of a warehouse', () => {
  it('are read in each of their forms', () => {
    const windows: WindowJson[] = [
      'sun:05:30-sun:06:00',
      { weekly: 'mon:01:00-mon:02:00', zone: 'Europe/Berlin' },
      { cron: '0 3 * * *', duration: '30m' },
      { from: '2026-11-21T22:00:00Z', to: '2026-11-22T00:30+01:00' },
    ];
    const { warehouse } = parseConfig(
      { warehouse: local({ windows, maxHold: '2h' }), targets },
      { source: 'c' },
    );
    expect(warehouse.maxHoldMs).toBe(7_200_000);
    expect(warehouse.windows).toMatchObject([
      { kind: 'weekly', window: { startMinute: 330, lengthMinutes: 30 }, zone: 'UTC' },
      { kind: 'weekly', window: { startMinute: 1_500, lengthMinutes: 60 }, zone: 'Europe/Berlin' },
      { kind: 'cron', times: { minutes: [180] }, durationMs: 1_800_000, zone: 'UTC' },
      { kind: 'once', startsAt: Date.UTC(2026, 10, 21, 22), endsAt: Date.UTC(2026, 10, 21, 23, 30) },
    ]);
  });

  it('are none by default', () => {
    expect(parseConfig({ targets }, { source: 'c' }).warehouse).toMatchObject({
      windows: [],
      maxHoldMs: 3_600_000,
    });
  });

  it.each<[string, unknown, string]>([
    ['no time of the week', 'sunday', "'sunday' is not a maintenance window; write two times of the week"],
    ['nothing', {}, "says no time; write 'weekly', or 'cron' and 'duration', or 'from' and 'to'"],
    ['two kinds', { weekly: 'sun:05:30-sun:06:00', cron: '0 3 * * *' }, 'says its time in several ways'],
    ['an unknown zone', { weekly: 'sun:05:30-sun:06:00', zone: 'Berlin' }, "'Berlin' is not a time zone"],
    ['no duration', { cron: '0 3 * * *' }, 'duration: is missing'],
    ['a wrong cron line', { cron: '0 3 * *', duration: '1h' }, 'has 4 fields and not 5'],
    ['a duration beyond a day', { cron: '0 3 * * *', duration: '25h' }, "'25h' is not from 1ms to 1d"],
    ['a duration without cron', { weekly: 'sun:05:30-sun:06:00', duration: '1h' }, 'has a meaning only'],
    [
      'an instant without a zone',
      { from: '2026-11-21T22:00:00', to: '2026-11-22T00:00:00Z' },
      'is not an instant',
    ],
    ['no end', { from: '2026-11-21T22:00:00Z' }, 'to: is missing'],
    [
      'an end before its beginning',
      { from: '2026-11-21T22:00Z', to: '2026-11-21T21:00Z' },
      "is not after 'from'",
    ],
    [
      'a zone beside instants',
      { from: '2026-11-21T22:00Z', to: '2026-11-21T23:00Z', zone: 'UTC' },
      'has a meaning only',
    ],
    ['another key', { weekly: 'sun:05:30-sun:06:00', zones: 'UTC' }, "did you mean 'zone'?"],
  ])('refuse %s, and say where', (_, window, said) => {
    const [problem, ...others] = problemsOf(window);
    expect(problem).toContain(said);
    expect(problem).toContain('warehouse.windows[0]');
    expect(others).toEqual([]);
  });

  it('refuse a hold that is over before a cluster has restarted', () => {
    const read = () => parseConfig({ warehouse: local({ maxHold: '10s' }), targets }, { source: 'c' });
    expect(read).toThrow(/warehouse\.maxHold: '10s' is too short; write '1m' or more/u);
  });
});
