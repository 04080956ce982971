import type { LoadHistory } from '@millrace/core';
import { count, formatInstant, formatShort } from './format.ts';

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** Rows per minute of the last hour, as bars. What nobody knows is hatched: the process had not started. */
export function RowsChart({ history, at }: { history: LoadHistory | undefined; at: number }) {
  if (history === undefined) return <div class="chart-place" aria-hidden="true" />;
  const end = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const begin = end - (MINUTES - 1) * MINUTE_MS;
  const byMinute = new Map(history.minutes.map((minute) => [Date.parse(minute.at), minute]));
  const highest = Math.max(
    1,
    ...history.minutes.filter((one) => Date.parse(one.at) >= begin).map(({ rows }) => rows),
  );
  const unknown = Math.max(0, Math.min(MINUTES, Math.floor((Date.parse(history.since) - begin) / MINUTE_MS)));
  const total = history.minutes
    .filter((one) => Date.parse(one.at) >= begin)
    .reduce((sum, { rows }) => sum + rows, 0);
  return (
    <figure class="bars-chart">
      <svg
        viewBox={`0 0 ${MINUTES * 10} 100`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${count(total, 'row')} loaded in the last hour, at most ${formatShort(highest)} in a minute`}
      >
        {unknown > 0 && <rect class="bars-unknown" x="0" y="0" width={unknown * 10} height="100" />}
        {Array.from({ length: MINUTES }, (_, nth) => {
          const minute = byMinute.get(begin + nth * MINUTE_MS);
          if (minute === undefined) return null;
          const height = Math.max(2, (minute.rows / highest) * 96);
          return (
            <rect
              key={nth}
              class="bars-bar"
              x={nth * 10 + 1.5}
              y={100 - height}
              width="7"
              height={height}
              rx="1"
            >
              <title>{`${formatInstant(minute.at, at)}: ${count(minute.rows, 'row')}, ${count(minute.jobs, 'load')}`}</title>
            </rect>
          );
        })}
        <line class="bars-floor" x1="0" x2={MINUTES * 10} y1="99.500" y2="99.500" />
      </svg>
      <figcaption>
        <span>60 min ago</span>
        {unknown > 0 && <span>known since {formatInstant(history.since, at)}</span>}
        <span>now</span>
      </figcaption>
    </figure>
  );
}
