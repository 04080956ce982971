import type { EpochMs } from '../../ports/time.ts';

/** A day of the calendar, whatever the zone. */
export interface CalendarDay {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  readonly day: number;
}

const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** Making one takes a thousand times longer than using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether the runtime knows the zone: `UTC`, `Europe/Berlin`. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The day that the zone's calendar shows at an instant. */
export function dayAt(at: EpochMs, zone: string): CalendarDay {
  return dayOf(at + offsetAt(at, zone));
}

export function nextDay({ year, month, day }: CalendarDay): CalendarDay {
  return dayOf(Date.UTC(year, month - 1, day) + DAY_MS);
}

/** 0 for Sunday. */
export function weekdayOf({ year, month, day }: CalendarDay): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

/**
 * When the clocks of a zone show a time. When they are put back they show it twice, and when they are put forward they
 * never do: then `edge` chooses. A window begins at the earlier of the instants that could be meant and ends at the later
 * one, so that it is too long rather than too short.
 *
 * @param minute of the day; 1440 and more are in days that follow
 */
export function instantAt(
  { year, month, day }: CalendarDay,
  minute: number,
  { zone, edge }: { readonly zone: string; readonly edge: 'start' | 'end' },
): EpochMs {
  const shown = Date.UTC(year, month - 1, day) + minute * MINUTE_MS;
  // No zone is a day away from UTC, and none changes its clocks twice within two days.
  const offsets = [offsetAt(shown - DAY_MS, zone), offsetAt(shown + DAY_MS, zone)];
  const possible = offsets.map((offset) => shown - offset);
  const exact = possible.filter((at) => at + offsetAt(at, zone) === shown);
  const meant = exact.length > 0 ? exact : possible;
  return edge === 'start' ? Math.min(...meant) : Math.max(...meant);
}

/** How far the zone's clocks are ahead of UTC at an instant, in ms. */
function offsetAt(at: EpochMs, zone: string): number {
  if (zone === 'UTC') return 0;
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return shown - Math.floor(at / 1_000) * 1_000;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

function dayOf(shown: number): CalendarDay {
  const date = new Date(shown);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
