import { RedshiftError } from '../redshift-error.ts';
import { checked, type Moment, offsetOf } from './moment.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

type Part =
  | 'year'
  | 'year2'
  | 'month'
  | 'monthName'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'half'
  | 'offset'
  | 'skip';

/** Format words, longest first. */
const WORDS: readonly (readonly [word: string, part: Part, pattern: string])[] = [
  ['HH24', 'hour', '(\\d{1,2})'],
  ['HH12', 'hour', '(\\d{1,2})'],
  ['YYYY', 'year', '(\\d{4})'],
  ['MONTH', 'monthName', '([A-Za-z]+)'],
  ['DAY', 'skip', '([A-Za-z]+)'],
  ['MON', 'monthName', '([A-Za-z]{3})'],
  ['DY', 'skip', '([A-Za-z]{3})'],
  ['YY', 'year2', '(\\d{2})'],
  ['MM', 'month', '(\\d{1,2})'],
  ['DD', 'day', '(\\d{1,2})'],
  ['HH', 'hour', '(\\d{1,2})'],
  ['MI', 'minute', '(\\d{1,2})'],
  ['SS', 'second', '(\\d{1,2})(?:\\.(\\d{1,6}))?'],
  ['US', 'fraction', '(\\d{1,6})'],
  ['MS', 'fraction', '(\\d{1,3})'],
  ['AM', 'half', '([AaPp][Mm])'],
  ['PM', 'half', '([AaPp][Mm])'],
  ['OF', 'offset', '(Z|UTC|[+-]\\d{2}(?::?[0-5]\\d)?)'],
  ['TZ', 'offset', '(Z|UTC|[+-]\\d{2}(?::?[0-5]\\d)?)'],
];

/** Reads dates and times written in one format. */
export type MomentReader = (text: string) => Moment | undefined;

/**
 * A reader for a DATEFORMAT or TIMEFORMAT string (`DD.MM.YYYY`, `MM/DD/YYYY HH24:MI:SS`). Separators are taken
 * literally; letters that are no format word, too.
 *
 * @throws RedshiftError when the format has no date and no time in it.
 */
export function compileMomentFormat(format: string): MomentReader {
  const parts: Part[] = [];
  let pattern = '';
  let rest = format;
  while (rest !== '') {
    const upper = rest.toUpperCase();
    const word = WORDS.find(([name]) => upper.startsWith(name));
    if (word) {
      parts.push(word[1]);
      if (word[0] === 'SS') parts.push('fraction');
      pattern += word[2];
      rest = rest.slice(word[0].length);
    } else {
      pattern += (rest[0] as string).replace(/[.*+?^${}()|[\]\\/]/u, '\\$&');
      rest = rest.slice(1);
    }
  }
  if (parts.length === 0)
    throw new RedshiftError(`Invalid date or time format '${format}'`, { sqlState: '22007' });
  const matcher = new RegExp(`^${pattern}$`, 'u');
  return (text) => {
    const match = matcher.exec(text);
    return match ? assemble(parts, match) : undefined;
  };
}

function assemble(parts: readonly Part[], match: RegExpExecArray): Moment | undefined {
  const found: Partial<Record<Part, string>> = {};
  for (const [index, part] of parts.entries()) {
    const text = match[index + 1];
    if (text !== undefined) found[part] = text;
  }
  const year =
    found.year ??
    (found.year2 === undefined ? '2000' : `${Number(found.year2) < 70 ? '20' : '19'}${found.year2}`);
  const month =
    found.monthName === undefined
      ? Number(found.month ?? 1)
      : 1 + MONTHS.indexOf(found.monthName.slice(0, 3).toLowerCase());
  return checked({
    year: Number(year),
    month,
    day: Number(found.day ?? 1),
    hour: hourOf(Number(found.hour ?? 0), found.half),
    minute: Number(found.minute ?? 0),
    second: Number(found.second ?? 0),
    micros: Number((found.fraction ?? '').padEnd(6, '0')),
    offsetMinutes: offsetOf(found.offset),
  });
}

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return 99;
  return (hour % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
}

/** What DATEFORMAT 'auto' and TIMEFORMAT 'auto' take beside the default, in the order in which they are tried. */
const AUTO_DATES = [
  'YYYY-MM-DD',
  'YYYYMMDD',
  'YYYY/MM/DD',
  'MM/DD/YYYY',
  'MM-DD-YYYY',
  'DD.MM.YYYY',
  'MON DD, YYYY',
  'MONTH DD, YYYY',
  'DD-MON-YYYY',
  'MM/DD/YY',
];
const AUTO_TIMES = [
  '',
  ' HH24:MI:SS',
  'THH24:MI:SS',
  ' HH24:MI',
  'THH24:MI',
  ' HH12:MI:SS AM',
  ' HH12:MI AM',
  'THH24MISS',
  ' HH24:MI:SSOF',
  'THH24:MI:SSOF',
  ' HH24:MI:SS OF',
];

let autoReaders: readonly MomentReader[] | undefined;

/** Reads what 'auto' recognises. */
export function readAutoMoment(text: string): Moment | undefined {
  autoReaders ??= AUTO_DATES.flatMap((date) => AUTO_TIMES.map((time) => compileMomentFormat(date + time)));
  for (const read of autoReaders) {
    const moment = read(text);
    if (moment) return moment;
  }
  return undefined;
}
