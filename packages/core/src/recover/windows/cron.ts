import { LoadError } from '../load-error.ts';
import { type CalendarDay, weekdayOf } from './zoned-time.ts';

/** The times that five cron fields name: minute, hour, day of the month, month, day of the week. */
export interface CronTimes {
  /** Minutes of the day, ascending. */
  readonly minutes: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 for Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Whether a day has to fit both ways: when both are restricted, cron takes a day that fits either. */
  readonly isBoth: boolean;
}

interface Field {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { what: 'minute', from: 0, to: 59 },
  { what: 'hour', from: 0, to: 23 },
  { what: 'day of the month', from: 1, to: 31 },
  { what: 'month', from: 1, to: 12, names: MONTHS },
  // Sunday is 0 and 7.
  { what: 'day of the week', from: 0, to: 7, names: WEEKDAYS },
];

/**
 * Reads the five fields of a cron line: `*`, numbers, English names of months and weekdays, ranges, lists and steps.
 *
 * @throws LoadError `invalid-cron` (class `config`) that names the field.
 */
export function parseCron(text: string): CronTimes {
  const words = text.trim().toLowerCase().split(/\s+/u);
  if (words.length !== FIELDS.length) {
    throw wrong(text, `has ${words.length} fields and not 5`);
  }
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, index) =>
    readField(words[index] ?? '', field, text),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  if (weekdays.has(7)) weekdays.add(0);
  const ofDay = ascending(hours).flatMap((hour) => ascending(minutes).map((minute) => hour * 60 + minute));
  return {
    minutes: ofDay,
    days,
    months,
    weekdays,
    isBoth: words[2]?.startsWith('*') === true || words[4]?.startsWith('*') === true,
  };
}

/** Whether the times are on that day. */
export function isCronDay({ days, months, weekdays, isBoth }: CronTimes, day: CalendarDay): boolean {
  if (!months.has(day.month)) return false;
  const [fitsDay, fitsWeekday] = [days.has(day.day), weekdays.has(weekdayOf(day))];
  return isBoth ? fitsDay && fitsWeekday : fitsDay || fitsWeekday;
}

function readField(word: string, field: Field, text: string): Set<number> {
  const found = new Set<number>();
  for (const part of word.split(',')) {
    const [range = '', step = '1', ...rest] = part.split('/');
    const by = /^\d+$/u.test(step) ? Number(step) : 0;
    const [first, last] = readRange(range, field, part.includes('/'));
    if (rest.length > 0 || by < 1 || first === undefined || last === undefined || first > last) {
      throw wrong(text, `has '${part}' as ${field.what}`);
    }
    for (let value = first; value <= last; value += by) found.add(value);
  }
  return found;
}

/** `5/15` is from 5 to the field's end. */
function readRange(
  range: string,
  field: Field,
  hasStep: boolean,
): readonly [number | undefined, number | undefined] {
  if (range === '*') return [field.from, field.to];
  const [from = '', to, ...rest] = range.split('-');
  const first = readValue(from, field);
  if (rest.length > 0) return [undefined, undefined];
  if (to !== undefined) return [first, readValue(to, field)];
  return [first, hasStep ? field.to : first];
}

function readValue(word: string, { from, to, names = [] }: Field): number | undefined {
  const named = names.indexOf(word);
  const value = named >= 0 ? named + (names === MONTHS ? 1 : 0) : /^\d+$/u.test(word) ? Number(word) : -1;
  return value >= from && value <= to ? value : undefined;
}

function ascending(values: ReadonlySet<number>): readonly number[] {
  return [...values].sort((a, b) => a - b);
}

function wrong(text: string, what: string): LoadError {
  return new LoadError('invalid-cron', `'${text}' ${what}`, {
    class: 'config',
    hint: "write minute, hour, day of the month, month and day of the week, such as '30 5 * * sun'",
  });
}
