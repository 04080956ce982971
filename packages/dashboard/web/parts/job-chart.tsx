import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { isDark } from '../state/theme.ts';

const HEIGHT = 150;

/** `14:03`, with seconds where the chart is about minutes. */
function clock(seconds: number, _nth: number, all: readonly number[]): string {
  const isLong = (all.at(-1) ?? 0) - (all[0] ?? 0) > 36 * 3_600;
  const date = new Date(seconds * 1_000);
  if (isLong) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const isShort = (all.at(-1) ?? 0) - (all[0] ?? 0) < 600;
  return date.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(isShort ? { second: '2-digit' } : {}),
  });
}

/** A value per load over time, as dots on a line. */
export function JobChart({
  times,
  values,
  format,
  label,
}: {
  /** Seconds since the epoch, ascending. */
  times: readonly number[];
  values: readonly number[];
  format: (value: number) => string;
  label: string;
}) {
  const ref = useRef<HTMLDivElement>(null);
  const dark = isDark();
  useEffect(() => {
    const place = ref.current;
    if (place === null || times.length === 0) return;
    const style = getComputedStyle(document.documentElement);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const axis = {
      stroke: color('--ink-quiet'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
    };
    const font = '11px system-ui, sans-serif';
    const options = (width: number): uPlot.Options => ({
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false },
      scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] } },
      axes: [
        { ...axis, font, size: 26, space: 80, values: (_, ticks) => ticks.map(clock) },
        { ...axis, font, size: 60, values: (_, ticks) => ticks.map((tick) => format(tick)) },
      ],
      series: [
        {},
        {
          stroke: color('--accent'),
          width: 1.5,
          fill: color('--accent-soft'),
          points: { show: true, size: 5, fill: color('--accent') },
        },
      ],
    });
    let chart: uPlot | undefined;
    let isOver = false;
    const watch = new ResizeObserver(() => chart?.setSize({ width: place.clientWidth, height: HEIGHT }));
    // Only pages with a chart load what draws it.
    void import('uplot').then(({ default: Plot }) => {
      if (isOver) return;
      chart = new Plot(options(place.clientWidth), [[...times], [...values]], place);
      watch.observe(place);
    });
    return () => {
      watch.disconnect();
      isOver = true;
      chart?.destroy();
    };
  }, [times, values, dark]);
  const last = values.at(-1);
  const highest = values.length === 0 ? 0 : Math.max(...values);
  const text = last === undefined ? 'no load yet' : `last ${format(last)}, at most ${format(highest)}`;
  return <div ref={ref} class="chart-place" role="img" aria-label={`${label}: ${text}`} />;
}
