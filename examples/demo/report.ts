import type { FailureEntry } from '@millrace/core';
import type { Arrived } from './arrivals.ts';
import { urlOf } from './bucket.ts';
import { type Check, isRight, type TableSummary } from './checks.ts';
import type { Answer, Receipt } from './questions.ts';
import { count, formatMegabytes, formatNumber, formatSeconds, type Screen } from './screen.ts';
import type { Part, Sources } from './sources.ts';
import type { Watch } from './watch.ts';

/** What the parts are, by table. */
export function reportSources(screen: Screen, { flights, delays, airports, corrupt }: Sources): void {
  const rows: readonly (readonly [string, readonly Part[], string])[] = [
    ['flights', [...flights, corrupt], ''],
    ['delays', delays, ''],
    ['airports', Object.values(airports), '  3 versions'],
  ];
  for (const [table, parts, remark] of rows) {
    const total = formatNumber(sum(parts, ({ rows: amount }) => amount));
    const size = formatMegabytes(sum(parts, ({ bytes }) => bytes));
    screen.line(
      `  ${table.padEnd(10)}${kindsOf(parts).padEnd(29)}${total.padStart(10)} rows${size.padStart(10)}${remark}`,
    );
  }
}

/** `24 Parquet, 20 CSV, 4 NDJSON` */
function kindsOf(parts: readonly Part[]): string {
  const kinds = Object.entries(Object.groupBy(parts, ({ kind }) => kind));
  return kinds.map(([kind, { length }]) => `${length} ${kind}`).join(', ');
}

/** Both sides of every check, and whether they are the same. */
export function reportChecks(screen: Screen, checks: readonly Check[]): void {
  screen.line(screen.style('dim', `  ${''.padEnd(34)}${'expected'.padStart(19)}${'found'.padStart(19)}`));
  for (const check of checks) {
    const { table, what, expected, actual } = check;
    const verdict = isRight(check) ? screen.style('green', 'ok') : screen.style('red', 'WRONG');
    const numbers = `${showValue(expected).padStart(19)}${showValue(actual).padStart(19)}`;
    screen.line(`  ${table.padEnd(10)}${what.padEnd(24)}${numbers}  ${verdict}`);
  }
}

/** The rows of each table: published, loaded, twice there, set aside. */
export function reportTables(screen: Screen, tables: readonly TableSummary[]): void {
  const columns = ['in the sources', 'loaded', 'duplicates', 'quarantined'];
  screen.line(
    screen.style('dim', `  ${'rows'.padEnd(12)}${columns.map((title) => title.padStart(16)).join('')}`),
  );
  for (const { table, published, loaded, duplicates, quarantined } of tables) {
    const numbers = [published, loaded, duplicates, quarantined].map((one) => formatNumber(one).padStart(16));
    screen.line(`  ${table.padEnd(12)}${numbers.join('')}`);
  }
}

/** How many loads it took, how old files were when their rows could be queried, and what became of the killed load. */
export function reportPace(
  screen: Screen,
  {
    arrived,
    receipts,
    watch,
    landedAt,
  }: {
    arrived: Arrived;
    receipts: readonly Receipt[];
    watch: Watch;
    landedAt: ReadonlyMap<string, number>;
  },
): void {
  const { killed, landed, announcedAgain } = arrived;
  const jobs = new Set(receipts.map(({ job_id: job }) => job));
  const ages = receipts
    .flatMap(({ url, job_id: job }) => {
      const [landed, load] = [landedAt.get(url), watch.loads.get(job)];
      // The kill may have come between the end of a load and the line that tells of it: its receipts count, its age is lost.
      return landed === undefined || load === undefined ? [] : [load.at - landed];
    })
    .sort((one, other) => one - other);
  const [median, slow] = [0.5, 0.99].map((part) => formatSeconds(percentile(ages, part)));
  const fate = jobs.has(killed.jobId) ? 'all committed, none repeated' : 'none committed, loaded later';
  const lines = [
    [
      'files',
      `${receipts.length} of ${landed} loaded, each by one receipt; ${announcedAgain} were announced twice`,
    ],
    ['jobs', count(jobs.size, 'load')],
    ['freshness', `p50 ${median}, p99 ${slow}, from landing to queryable`],
    [
      'the kill',
      `a load of ${count(killed.files, 'file')}: ${fate}; back in ${formatSeconds(killed.deadMs)}`,
    ],
  ] as const;
  for (const [name, text] of lines) screen.line(`  ${name.padEnd(12)}${text}`);
}

/** What was set aside, and what a person needs to mend it. */
export function reportFailures(screen: Screen, failures: readonly FailureEntry[]): void {
  for (const { url, line, column, rawValue, error, code, hint } of failures) {
    screen.line(`  ${screen.style('yellow', url)}`);
    screen.line(`  ${'where'.padEnd(8)}line ${line === null ? '?' : formatNumber(line)}, column ${column}`);
    screen.line(`  ${'value'.padEnd(8)}'${rawValue}'`);
    screen.line(`  ${'why'.padEnd(8)}${error} [${code}]`);
    screen.line(`  ${'fix'.padEnd(8)}${hint}`);
  }
}

export function reportRoutes(screen: Screen, routes: readonly Answer[]): void {
  const row = (from: string, to: string, flights: string, delay: string): string =>
    `  ${from.padEnd(30)}${to.padEnd(30)}${flights.padStart(7)}${delay.padStart(10)}`;
  screen.line(screen.style('dim', row('from', 'to', 'flights', 'delay')));
  for (const route of routes) {
    const { origin, destination, from_airport: from, to_airport: to, flights, average_delay: delay } = route;
    const minutes = `${Number(delay).toFixed(1)} min`;
    const airports = [cut(`${origin} ${from}`, 28), cut(`${destination} ${to}`, 28)] as const;
    screen.line(row(...airports, formatNumber(Number(flights)), minutes));
  }
}

/** The numbers that are off, each with both sides. */
export function reportWrong(screen: Screen, wrong: readonly Check[]): void {
  screen.heading(screen.style('red', `FAILED: ${count(wrong.length, 'number')} off`));
  for (const { table, what, expected, actual } of wrong) {
    screen.line(`  ${table} ${what}: expected ${showValue(expected)}, found ${showValue(actual)}`);
  }
}

export function reportCorrection(screen: Screen, { corrupt }: Sources): void {
  const file = urlOf(corrupt).split('/').at(-1);
  screen.line(
    `  ${file} came again, line ${formatNumber(corrupt.line)} corrected; then \`millrace redrive\``,
  );
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** Whole numbers in groups of three; everything else as it is, its end where it is too long. */
function showValue(value: string): string {
  if (/^-?\d+$/u.test(value) && value.length < 16) return formatNumber(Number(value));
  return value.length > 19 && value.startsWith('s3://') ? `…${value.slice(-17)}` : value;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
