import type { StatusReport } from '@millrace/core';
import { showText } from './show-text.ts';
import { formatTable } from './table.ts';
import { formatInstant, formatNumber, formatSpan } from './words.ts';

type Entry = readonly [string, StatusReport['targets'][string]];

/** Where every target stands, as lines: a table, then what there is to say about any of them, then the warehouse. */
export function statusLines({ targets, warehouse, events }: StatusReport): readonly string[] {
  const entries = Object.entries(targets);
  const notes = entries.flatMap(([target, { note }]) =>
    note === null ? [] : [`${target}: ${showText(note)}`],
  );
  const { note, since, nextWindow } = warehouse;
  const when = since === null ? '' : `, since ${formatInstant(since)}`;
  return [
    ...statusTable(entries).split('\n'),
    ...notes,
    ...(note === null ? [] : [`the warehouse: ${showText(note)}${when}`]),
    ...(nextWindow === null
      ? []
      : [`maintenance window: ${formatInstant(nextWindow.from)} to ${formatInstant(nextWindow.to)}`]),
    ...(events === undefined ? [] : eventLines(events)),
  ];
}

function eventLines({ stream, shards, rejects }: NonNullable<StatusReport['events']>): readonly string[] {
  const behind = shards.filter(({ millisBehindLatest }) => millisBehindLatest > 0);
  const lags = behind.map(({ shard, millisBehindLatest }) => `${shard} ${formatSpan(millisBehindLatest)}`);
  const where = lags.length === 0 ? 'nothing is behind' : `behind by shard: ${lags.join(', ')}`;
  const rejected = rejects.reduce((sum, { events }) => sum + events, 0);
  return [
    `events: stream ${showText(stream)}, ${where}`,
    ...(rejected === 0 ? [] : [`rejected events: ${formatNumber(rejected)}, see \`millrace failures\``]),
  ];
}

/** One line about one target: for logs, where nothing can be drawn over. */
export function statusLine(target: string, status: StatusReport['targets'][string]): string {
  const { state, waiting, loading, loaded, quarantined, rows, note } = status;
  const numbers = [
    `${formatNumber(waiting)} waiting`,
    ...(loading > 0 ? [`${formatNumber(loading)} loading`] : []),
    `${formatNumber(loaded)} loaded`,
    ...(quarantined > 0 ? [`${formatNumber(quarantined)} quarantined`] : []),
    `${formatNumber(rows)} rows`,
  ];
  return `${target}  ${state}, ${numbers.join(', ')}${note === null ? '' : `: ${showText(note)}`}`;
}

function statusTable(entries: readonly Entry[]): string {
  return formatTable(
    [
      { title: 'TARGET' },
      { title: 'STATE' },
      ...['WAITING', 'LOADING', 'LOADED', 'QUARANTINED', 'SUPERSEDED', 'ROWS', 'OLDEST'].map(
        (title) => ({ title, align: 'right' }) as const,
      ),
      { title: 'LAST LOADED' },
    ],
    entries.map(([target, status]) => [
      target,
      status.state,
      formatNumber(status.waiting),
      formatNumber(status.loading),
      formatNumber(status.loaded),
      formatNumber(status.quarantined),
      formatNumber(status.superseded),
      formatNumber(status.rows),
      status.oldestWaitingAgeMs === null ? '-' : formatSpan(status.oldestWaitingAgeMs),
      status.lastLoadedAt === null ? 'never' : formatInstant(status.lastLoadedAt),
    ]),
  );
}
