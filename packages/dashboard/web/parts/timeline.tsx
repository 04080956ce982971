import type { Overview, TimelineSpan } from '@millrace/core';
import { formatInstant, sentence, showText } from './format.ts';

type TimelineReport = Overview['timeline'];
const HOUR_MS = 3_600_000;
const MAX_LINES = 5;

const NAMES: Readonly<Record<TimelineSpan['kind'], string>> = {
  window: 'Window',
  outage: 'Outage',
  pause: 'Paused',
  hold: 'Held',
};

/** Maintenance windows, outages, pauses and holds: what was, what is, what is to come. */
export function Timeline({ timeline, at }: { timeline: TimelineReport; at: number }) {
  const from = Date.parse(timeline.from);
  const span = Date.parse(timeline.to) - from;
  const xOf = (instant: number): number => Math.max(0, Math.min(100, ((instant - from) / span) * 100));
  const lines = Map.groupBy(timeline.spans, ({ kind, target }) =>
    kind === 'window' ? 'window' : (target ?? kind),
  );
  const shown = [...lines].slice(0, MAX_LINES);
  const hours = hoursOf(from, from + span);
  return (
    <div class="timeline">
      <div class="timeline-body">
        {shown.length === 0 && <p class="timeline-none quiet">Nothing is held, and no window is near.</p>}
        {shown.map(([name, spans]) => (
          <div key={name} class="timeline-line">
            <span class="timeline-name one-line">{nameOf(spans)}</span>
            <span class="timeline-track">
              {spans.map((one) => {
                const begin = xOf(Date.parse(one.from));
                const end = xOf(one.to === null ? at : Date.parse(one.to));
                return (
                  <span
                    key={`${one.kind}${one.from}`}
                    class="timeline-span"
                    data-kind={one.kind}
                    title={titleOf(one, at)}
                    style={{ left: `${begin}%`, width: `${Math.max(0.8, end - begin)}%` }}
                  >
                    <span class="visually-hidden">{titleOf(one, at)}</span>
                  </span>
                );
              })}
            </span>
          </div>
        ))}
      </div>
      <div class="timeline-axis" aria-hidden="true">
        <span class="timeline-name" />
        <span class="timeline-track">
          {hours.map((hour) => (
            <span key={hour} class="timeline-hour" style={{ left: `${xOf(hour)}%` }}>
              {new Date(hour).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}
            </span>
          ))}
          <span class="timeline-now" style={{ left: `${xOf(at)}%` }} />
        </span>
      </div>
      {lines.size > MAX_LINES && <p class="quiet">and {lines.size - MAX_LINES} more</p>}
    </div>
  );
}

function nameOf([first]: readonly TimelineSpan[]): string {
  if (first === undefined) return '';
  return first.target ?? (first.kind === 'window' ? 'Windows' : 'Warehouse');
}

function titleOf({ kind, from, to, why }: TimelineSpan, at: number): string {
  const when = `${formatInstant(from, at)} to ${to === null ? 'now' : formatInstant(to, at)}`;
  return why === null ? `${NAMES[kind]}, ${when}` : `${sentence(showText(why))} (${when})`;
}

/** Every sixth hour of the clock. */
function hoursOf(from: number, to: number): readonly number[] {
  const hours: number[] = [];
  const first = new Date(from);
  first.setMinutes(0, 0, 0);
  for (let at = first.getTime(); at < to; at += HOUR_MS) {
    if (at >= from && new Date(at).getHours() % 6 === 0) hours.push(at);
  }
  return hours;
}
