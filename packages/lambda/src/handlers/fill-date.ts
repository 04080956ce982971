import { LoadError } from '@millrace/core';

/** The parts of a date that a path may hold. */
const PLACEHOLDER = /\{([^{}]*)\}/gu;

/**
 * Puts a day into a path: `{yyyy}`, `{MM}`, `{dd}`.
 *
 * @throws LoadError `bulk-placeholder` for any other word in braces.
 */
export function fillDate(path: string, day: string): string {
  const [yyyy = '', month = '', dd = ''] = day.split('-');
  const parts: Readonly<Record<string, string>> = { yyyy, MM: month, dd };
  return path.replaceAll(PLACEHOLDER, (whole, name: string) => {
    const part = parts[name];
    if (part !== undefined) return part;
    throw new LoadError('bulk-placeholder', `'${whole}' in '${path}' is no part of a date`, {
      hint: 'write {yyyy}, {MM} and {dd}',
    });
  });
}

export function hasPlaceholder(path: string): boolean {
  return path.search(PLACEHOLDER) >= 0;
}

/**
 * The day before the one that `now` is in, in a time zone: `2026-11-20`.
 *
 * @throws LoadError `bulk-timezone`
 */
export function yesterdayOf(now: number, timezone: string): string {
  let format: Intl.DateTimeFormat;
  try {
    // `en-CA` writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: timezone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new LoadError('bulk-timezone', `'${timezone}' is not a time zone`, {
      hint: "write 'UTC' or a name such as 'Europe/Skopje'",
      cause,
    });
  }
  // By the calendar, not by 24 hours: days on which clocks are set have 23 or 25 of them.
  const today = new Date(`${format.format(now)}T00:00:00Z`);
  today.setUTCDate(today.getUTCDate() - 1);
  return today.toISOString().slice(0, 10);
}
