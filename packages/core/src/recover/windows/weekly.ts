import { LoadError } from '../load-error.ts';

/** A window that comes again every week. */
export interface WeeklyWindow {
  /** In minutes since Sunday 00:00. */
  readonly startMinute: number;
  readonly lengthMinutes: number;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
export const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

const FORM = /^([a-z]{3}):(\d{2}):(\d{2})-([a-z]{3}):(\d{2}):(\d{2})$/u;

/**
 * Reads `sun:05:30-sun:06:00`, as Redshift writes its maintenance window; a window may go over the end of a week.
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
      hint: "write two times of the week, such as 'sun:05:30-sun:06:00'",
    });
  }
  return { startMinute: start, lengthMinutes };
}

function minuteOfWeek(day: string, hour: number, minute: number): number {
  const nth = DAYS.indexOf(day);
  return nth < 0 || hour > 23 || minute > 59 ? Number.NaN : (nth * 24 + hour) * 60 + minute;
}
