const PARTS: Readonly<Record<string, string>> = {
  millennium: 'millennium millennia mil mils',
  century: 'century centuries c cent cents',
  decade: 'decade decades dec decs',
  year: 'year years y yr yrs',
  quarter: 'quarter quarters qtr qtrs',
  month: 'month months mon mons',
  week: 'week weeks w',
  day: 'day days d',
  dow: 'dow dayofweek dw weekday',
  doy: 'doy dayofyear dy yearday',
  hour: 'hour hours h hr hrs',
  minute: 'minute minutes m min mins',
  second: 'second seconds s sec secs',
  millisecond: 'millisecond milliseconds millisecon ms msec msecs msecond mseconds',
  microsecond: 'microsecond microseconds us usec usecs usecond useconds microsec microsecs',
  epoch: 'epoch',
  timezone: 'timezone',
  timezone_hour: 'timezone_hour',
  timezone_minute: 'timezone_minute',
};

const BY_NAME = new Map(
  Object.entries(PARTS).flatMap(([part, names]) => names.split(' ').map((name) => [name, part] as const)),
);

/** Redshift's date part, with its many abbreviations, as DuckDB names it; undefined when it is none. */
export function datePart(name: string): string | undefined {
  return BY_NAME.get(name.toLowerCase());
}
