import type { CheckResult } from '../../ports/doctor.ts';
import { joinWindows, windowsBetween } from '../../recover/windows/maintenance-window.ts';
import type { Loader } from '../../verbs/loader.ts';
import { fails, failsBy, passes, warns } from './check-result.ts';

/** What clocks may differ by; a file's freshness is told by both. */
const CLOCK_WARN_MS = 5_000;
const CLOCK_FAIL_MS = 5 * 60_000;
const WEEK_MS = 7 * 24 * 60 * 60_000;

/** Of an error that has no hint of its own: nobody is there, or the way is shut. */
const UNANSWERED =
  'start it, or correct where it is in `warehouse` of the configuration; `millrace up` waits for it meanwhile';

/** Whether the warehouse answers, and what its clock and its windows say. @returns also whether it is worth to ask it more. */
export async function checkWarehouse(
  loader: Loader,
): Promise<{ readonly isThere: boolean; readonly results: readonly CheckResult[] }> {
  const { warehouse, now } = loader;
  const state = await loader.availability?.state?.();
  const windows = [checkWindows(loader, state?.windows ?? [])];
  if (state?.kind === 'unavailable') {
    const until = state.until === null ? '' : `, likely until ${new Date(state.until).toISOString()}`;
    const fix = 'wait, or resume it; files wait meanwhile and no attempt is spent';
    return { isThere: false, results: [fails('warehouse', `${state.reason}${until}`, fix), ...windows] };
  }
  try {
    const askedAt = now();
    const [row] = await warehouse.transact([warehouse.dialect.render({ kind: 'select-clock' })]);
    const answeredAt = now();
    const answered = passes('warehouse', `${warehouse.dialect.name} answered in ${answeredAt - askedAt} ms`);
    const clock = checkClock(Number(row?.now_ms), { askedAt, answeredAt });
    return { isThere: true, results: [answered, clock, ...windows] };
  } catch (error) {
    return { isThere: false, results: [failsBy('warehouse', error, UNANSWERED), ...windows] };
  }
}

/** The warehouse tells whole seconds: what is within them, or within the question, is no difference. */
function checkClock(
  theirs: number,
  { askedAt, answeredAt }: { askedAt: number; answeredAt: number },
): CheckResult {
  const early = Math.max(0, askedAt - (theirs + 1_000));
  const skewMs = Math.max(early, theirs - answeredAt);
  const detail = `the clocks of warehouse and process differ by ${Math.round(Math.max(0, skewMs) / 1_000)} s`;
  const fix = 'set the clock of this machine by NTP: freshness, windows and leases go by it';
  if (skewMs > CLOCK_FAIL_MS) return fails('clock', detail, fix);
  return skewMs > CLOCK_WARN_MS ? warns('clock', detail, fix) : passes('clock', detail);
}

function checkWindows(
  { settings, targets, now }: Loader,
  ofWarehouse: Parameters<typeof joinWindows>[0],
): CheckResult {
  const span = { from: now(), to: now() + WEEK_MS };
  const windows = joinWindows([...windowsBetween(settings.windows ?? [], span), ...ofWarehouse]).filter(
    ({ startsAt, endsAt }) => endsAt > span.from && startsAt < span.to,
  );
  const [next] = windows;
  if (next === undefined) return passes('windows', 'no maintenance window within a week');
  const shut = windows.reduce(
    (sum, { startsAt, endsAt }) => sum + Math.min(endsAt, span.to) - Math.max(startsAt, span.from),
    0,
  );
  const text = `from ${new Date(next.startsAt).toISOString()} to ${new Date(next.endsAt).toISOString()}`;
  if (shut > WEEK_MS / 2) {
    return warns(
      'windows',
      `nothing is loaded in ${Math.round((100 * shut) / WEEK_MS)} % of the week; the next window is ${text}`,
      'look at `windows` of the warehouse: its days and its zone',
    );
  }
  if (next.startsAt <= span.from) {
    return warns('windows', `nothing is loaded now: maintenance window ${text}`, 'wait for its end');
  }
  const longest = Math.max(...windows.map(({ startsAt, endsAt }) => endsAt - startsAt));
  const late = [...targets.values()].filter(({ batching }) => batching.freshnessMs < longest).length;
  const note =
    late === 0 ? '' : `; in it ${late} ${late === 1 ? 'target misses its' : 'targets miss their'} freshness`;
  return passes('windows', `the next window is ${text}${note}`);
}
