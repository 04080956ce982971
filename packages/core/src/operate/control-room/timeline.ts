import type { Lane } from '../../lane/lane.ts';
import type { Overview, TimelineSpan } from '../../ports/control-room.ts';
import type { EpochMs } from '../../ports/time.ts';
import { type Gate, isGateCode } from '../../recover/gate.ts';
import { type WindowRule, windowsBetween } from '../../recover/windows/maintenance-window.ts';

const HOUR_MS = 60 * 60_000;
/** What is shown of the past, and of what is to come. */
const PAST_MS = 6 * HOUR_MS;
const AHEAD_MS = 18 * HOUR_MS;
/** Of lanes that are held or paused; where there are more, one cause has them all, and the warehouse tells it. */
const MAX_LANE_SPANS = 50;

/** A hold that is over. */
export interface EndedHold {
  readonly kind: 'outage' | 'hold';
  readonly target: string | null;
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly why: string;
}

/** Windows, outages, pauses and holds around now. */
export function timelineOf({
  gate,
  lanes,
  windows,
  endedHolds,
  now,
}: {
  gate: Gate;
  lanes: readonly Lane[];
  windows: readonly WindowRule[];
  endedHolds: readonly EndedHold[];
  now: EpochMs;
}): Overview['timeline'] {
  const span = { from: now - PAST_MS, to: now + AHEAD_MS };
  const spans: TimelineSpan[] = windowsBetween(windows, span).map(({ startsAt, endsAt }) =>
    spanOf({ kind: 'window', target: null, from: startsAt, to: endsAt, why: null }),
  );
  for (const one of endedHolds) if (one.to > span.from) spans.push(spanOf(one));
  const { hold, pause, lastOutage } = gate;
  const isTold = endedHolds.some(({ kind, from }) => kind === 'outage' && from === lastOutage?.since);
  if (lastOutage !== null && !isTold && lastOutage.endedAt > span.from) {
    const { since: from, endedAt: to } = lastOutage;
    spans.push(spanOf({ kind: 'outage', target: null, from, to, why: 'the warehouse was away' }));
  }
  if (hold !== null) {
    spans.push(spanOf({ kind: 'outage', target: null, from: hold.since, to: null, why: hold.reason }));
  }
  if (pause !== null) {
    const why = `paused by ${pause.by}: ${pause.why}`;
    spans.push(spanOf({ kind: 'pause', target: null, from: pause.since, to: null, why }));
  }
  spans.push(...lanes.flatMap(laneSpan).slice(0, MAX_LANE_SPANS));
  return { from: toText(span.from), to: toText(span.to), spans };
}

function laneSpan({ target, state }: Lane): readonly TimelineSpan[] {
  if (state.kind === 'paused') {
    const why = `paused by ${state.by}: ${state.why}`;
    return [spanOf({ kind: 'pause', target, from: state.since, to: null, why })];
  }
  if (state.kind !== 'held' || isGateCode(state.code)) return [];
  return [spanOf({ kind: 'hold', target, from: state.since, to: null, why: state.reason })];
}

function spanOf({
  from,
  to,
  ...span
}: Omit<TimelineSpan, 'from' | 'to'> & { from: EpochMs; to: EpochMs | null }): TimelineSpan {
  return { ...span, from: toText(from), to: to === null ? null : toText(to) };
}

function toText(at: EpochMs): string {
  return new Date(at).toISOString();
}
