import type { EpochMs } from '../../ports/time.ts';
import { type CronTimes, isCronDay } from './cron.ts';
import { DAY_MINUTES, type WeeklyWindow } from './weekly.ts';
import { type CalendarDay, DAY_MS, dayAt, instantAt, nextDay, weekdayOf } from './zoned-time.ts';

/** When the warehouse is likely away: from `startsAt`, until before `endsAt`. */
export interface MaintenanceWindow {
  readonly startsAt: EpochMs;
  readonly endsAt: EpochMs;
}

/** Which windows there are. */
export type WindowRule =
  | { readonly kind: 'weekly'; readonly window: WeeklyWindow; readonly zone: string }
  | {
      readonly kind: 'cron';
      readonly times: CronTimes;
      readonly durationMs: number;
      readonly zone: string;
    }
  | ({ readonly kind: 'once' } & MaintenanceWindow);

/** What windows of a rule may last at most: how far a look goes back for those under way. */
export const MAX_CRON_WINDOW_MS = DAY_MS;
/** Deferrals last at most 60 days (AWS documentation): beyond that many weeks there is none to skip. */
const MAX_DEFERRED_MS = 60 * 7 * DAY_MS;
const WEEK_MS = 7 * DAY_MS;

/** The windows of rules that touch a span of time: ascending, disjoint; those that touch one another are one. */
export function windowsBetween(
  rules: readonly WindowRule[],
  { from, to }: { readonly from: EpochMs; readonly to: EpochMs },
): readonly MaintenanceWindow[] {
  const found = rules.flatMap((rule) => occurrences(rule, { from, to }));
  return joinWindows(found.filter(({ startsAt, endsAt }) => startsAt < to && endsAt > from));
}

/** The same time as ascending, disjoint windows. */
export function joinWindows(windows: readonly MaintenanceWindow[]): readonly MaintenanceWindow[] {
  const joined: MaintenanceWindow[] = [];
  for (const window of windows.toSorted((a, b) => a.startsAt - b.startsAt)) {
    const last = joined.at(-1);
    if (last === undefined || window.startsAt > last.endsAt) {
      joined.push(window);
    } else {
      joined[joined.length - 1] = {
        startsAt: last.startsAt,
        endsAt: Math.max(last.endsAt, window.endsAt),
      };
    }
  }
  return joined;
}

/**
 * The earliest instant, from `now` on, at which a load of `durationMs` can begin that touches no window.
 *
 * @param windows ascending and disjoint: moving past one can only collide with a later one
 */
export function earliestStart(
  now: EpochMs,
  durationMs: number,
  windows: readonly MaintenanceWindow[],
): EpochMs {
  let start = now;
  for (const { startsAt, endsAt } of windows) {
    if (start < endsAt && startsAt < start + durationMs) start = endsAt;
  }
  return start;
}

/** The window of a week under way at `now`, or else the next one, that no deferral covers. Times are UTC. */
export function nextWindow(
  window: WeeklyWindow,
  { now, deferrals }: { readonly now: EpochMs; readonly deferrals: readonly MaintenanceWindow[] },
): MaintenanceWindow | undefined {
  const span = { from: now, to: now + MAX_DEFERRED_MS };
  return windowsBetween([{ kind: 'weekly', window, zone: 'UTC' }], span).find(
    ({ startsAt }) => !deferrals.some((one) => one.startsAt <= startsAt && startsAt < one.endsAt),
  );
}

function occurrences(
  rule: WindowRule,
  { from, to }: { readonly from: EpochMs; readonly to: EpochMs },
): readonly MaintenanceWindow[] {
  switch (rule.kind) {
    case 'once':
      return [{ startsAt: rule.startsAt, endsAt: rule.endsAt }];
    case 'weekly':
      return daysBetween({ from: from - WEEK_MS, to }, rule.zone).flatMap((day) => weeklyOn(day, rule));
    case 'cron':
      return daysBetween({ from: from - MAX_CRON_WINDOW_MS, to }, rule.zone).flatMap((day) =>
        cronOn(day, rule),
      );
  }
}

function weeklyOn(
  day: CalendarDay,
  { window, zone }: Extract<WindowRule, { kind: 'weekly' }>,
): readonly MaintenanceWindow[] {
  if (weekdayOf(day) !== Math.floor(window.startMinute / DAY_MINUTES)) return [];
  const start = window.startMinute % DAY_MINUTES;
  return [
    {
      startsAt: instantAt(day, start, { zone, edge: 'start' }),
      endsAt: instantAt(day, start + window.lengthMinutes, { zone, edge: 'end' }),
    },
  ];
}

/** A time that the clocks show twice begins a window once, at the first. */
function cronOn(
  day: CalendarDay,
  { times, durationMs, zone }: Extract<WindowRule, { kind: 'cron' }>,
): readonly MaintenanceWindow[] {
  if (!isCronDay(times, day)) return [];
  return times.minutes.map((minute) => {
    const startsAt = instantAt(day, minute, { zone, edge: 'start' });
    return { startsAt, endsAt: startsAt + durationMs };
  });
}

/** Every day of the zone's calendar that has a moment in the span, and one more at each end. */
function daysBetween(
  { from, to }: { readonly from: EpochMs; readonly to: EpochMs },
  zone: string,
): readonly CalendarDay[] {
  const days: CalendarDay[] = [];
  const last = dayAt(to + DAY_MS, zone);
  for (let day = dayAt(from - DAY_MS, zone); isUpTo(day, last); day = nextDay(day)) days.push(day);
  return days;
}

function isUpTo(day: CalendarDay, last: CalendarDay): boolean {
  const order = (one: CalendarDay): number => (one.year * 100 + one.month) * 100 + one.day;
  return order(day) <= order(last);
}
