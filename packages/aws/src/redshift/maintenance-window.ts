import type { EpochMs } from '@millrace/core';
import { LoadError } from '@millrace/core';

/** When the warehouse is likely away. */
export interface MaintenanceWindow {
  readonly startsAt: EpochMs;
  readonly endsAt: EpochMs;
}

/** A window that comes again every week, in minutes since Sunday 00:00 UTC. */
export interface WeeklyWindow {
  readonly startMinute: number;
  readonly lengthMinutes: number;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const WEEK_MINUTES = 7 * 24 * 60;
const MINUTE_MS = 60_000;
const WEEK_MS = WEEK_MINUTES * MINUTE_MS;
/** The epoch began on a Thursday: this is the Sunday before it. */
const FIRST_SUNDAY = -4 * 24 * 60 * MINUTE_MS;
/** Deferrals last at most 60 days (AWS documentation): beyond that many weeks there is none to skip. */
const MAX_WEEKS = 60;

const FORM = /^([a-z]{3}):(\d{2}):(\d{2})-([a-z]{3}):(\d{2}):(\d{2})$/u;

/**
 * Reads `sun:05:30-sun:06:00` (UTC), as Redshift writes its maintenance window; a window may go over the end of a week.
 *
 * @throws LoadError `invalid-window` (class `config`)
 */
export function parseWeeklyWindow(text: string): WeeklyWindow {
  const [, startDay = '', startHour, startMinute, endDay = '', endHour, endMinute] =
    FORM.exec(text.trim().toLowerCase()) ?? [];
  const start = minuteOfWeek(startDay, Number(startHour), Number(startMinute));
  const end = minuteOfWeek(endDay, Number(endHour), Number(endMinute));
  const lengthMinutes = (end - start + WEEK_MINUTES) % WEEK_MINUTES;
  // NaN, from a day or an hour that is none, is not above 0 either.
  if (!(lengthMinutes > 0)) {
    throw new LoadError('invalid-window', `'${text}' is not a maintenance window`, {
      class: 'config',
      hint: "write two times of the week in UTC, such as 'sun:05:30-sun:06:00'",
    });
  }
  return { startMinute: start, lengthMinutes };
}

/** The window under way at `now`, or else the next one, that no deferral covers. */
export function nextWindow(
  { startMinute, lengthMinutes }: WeeklyWindow,
  { now, deferrals }: { now: EpochMs; deferrals: readonly MaintenanceWindow[] },
): MaintenanceWindow | undefined {
  const week = Math.floor((now - FIRST_SUNDAY) / WEEK_MS);
  // From the week before: a window may go over the end of its week.
  for (let nth = week - 1; nth < week + MAX_WEEKS; nth += 1) {
    const startsAt = FIRST_SUNDAY + nth * WEEK_MS + startMinute * MINUTE_MS;
    const window = { startsAt, endsAt: startsAt + lengthMinutes * MINUTE_MS };
    const isDeferred = deferrals.some((one) => one.startsAt <= startsAt && startsAt < one.endsAt);
    if (window.endsAt > now && !isDeferred) return window;
  }
  return undefined;
}

function minuteOfWeek(day: string, hour: number, minute: number): number {
  const nth = DAYS.indexOf(day);
  return nth < 0 || hour > 23 || minute > 59 ? Number.NaN : (nth * 24 + hour) * 60 + minute;
}
