import { parseCron } from '../recover/windows/cron.ts';
import { MAX_CRON_WINDOW_MS, type WindowRule } from '../recover/windows/maintenance-window.ts';
import { parseWeeklyWindow } from '../recover/windows/weekly.ts';
import { isZone } from '../recover/windows/zoned-time.ts';
import { attempt, formatValue, type ProblemSite } from './config-error.ts';
import { parseDuration } from './duration.ts';
import type { WindowJson } from './place-schema.ts';

type WindowFields = Exclude<WindowJson, string>;

/** An instant that says its zone: without one it would be that of whoever reads it. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/u;
const INSTANT_HINT = "write an instant with its zone, such as '2026-11-21T22:00:00Z' or '…+01:00'";

/** Reads the windows of a warehouse. What is wrong goes to `problems`, and is missing in what comes back. */
export function readWindows(
  windows: readonly WindowJson[],
  { path, problems }: ProblemSite,
): readonly WindowRule[] {
  return windows.flatMap((window, index) => {
    const site = { path: [...path, index], problems };
    const rule = typeof window === 'string' ? readWeekly(window, 'UTC', site) : readWindow(window, site);
    return rule ?? [];
  });
}

function readWindow(window: WindowFields, site: ProblemSite): WindowRule | undefined {
  const { path, problems } = site;
  const { weekly, cron, duration, from, to, zone = 'UTC' } = window;
  const kinds = [weekly, cron, from ?? to].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    problems.push({
      path,
      message: kinds.length === 0 ? 'says no time' : 'says its time in several ways',
      hint: "write 'weekly', or 'cron' and 'duration', or 'from' and 'to'",
    });
    return undefined;
  }
  if (!isZone(zone)) {
    const message = `${formatValue(zone)} is not a time zone`;
    problems.push({ path: [...path, 'zone'], message, hint: "write UTC, or a name such as 'Europe/Berlin'" });
    return undefined;
  }
  if (duration !== undefined && cron === undefined) return meaningless('duration', "beside 'cron'", site);
  if (weekly !== undefined) return readWeekly(weekly, zone, { ...site, path: [...path, 'weekly'] });
  if (cron !== undefined) return readCron(cron, { duration, zone }, site);
  if (window.zone !== undefined) return meaningless('zone', "beside 'weekly' and 'cron'", site);
  return readOnce({ from, to }, site);
}

function meaningless(key: string, where: string, { path, problems }: ProblemSite): undefined {
  problems.push({ path: [...path, key], message: `has a meaning only ${where}`, hint: 'leave it out' });
}

function readWeekly(text: string, zone: string, site: ProblemSite): WindowRule | undefined {
  const window = attempt(site, () => parseWeeklyWindow(text));
  return window && { kind: 'weekly', window, zone };
}

function readCron(
  text: string,
  { duration, zone }: { readonly duration: string | undefined; readonly zone: string },
  { path, problems }: ProblemSite,
): WindowRule | undefined {
  const times = attempt({ path: [...path, 'cron'], problems }, () => parseCron(text));
  const at = [...path, 'duration'];
  if (duration === undefined) {
    problems.push({ path: at, message: 'is missing', hint: "write how long a window lasts, such as '30m'" });
    return undefined;
  }
  const durationMs = parseDuration(duration);
  if (durationMs <= 0 || durationMs > MAX_CRON_WINDOW_MS) {
    problems.push({ path: at, message: `'${duration}' is not from 1ms to 1d`, hint: "write such as '30m'" });
    return undefined;
  }
  return times && { kind: 'cron', times, durationMs, zone };
}

function readOnce(
  { from, to }: Pick<WindowFields, 'from' | 'to'>,
  site: ProblemSite,
): WindowRule | undefined {
  const startsAt = readInstant(from, 'from', site);
  const endsAt = readInstant(to, 'to', site);
  if (startsAt === undefined || endsAt === undefined) return undefined;
  if (startsAt < endsAt) return { kind: 'once', startsAt, endsAt };
  const message = `'${to}' is not after 'from'`;
  site.problems.push({ path: [...site.path, 'to'], message, hint: 'write when the window ends' });
  return undefined;
}

function readInstant(
  text: string | undefined,
  key: string,
  { path, problems }: ProblemSite,
): number | undefined {
  const at = text !== undefined && INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  const message = text === undefined ? 'is missing' : `${formatValue(text)} is not an instant`;
  problems.push({ path: [...path, key], message, hint: INSTANT_HINT });
  return undefined;
}
