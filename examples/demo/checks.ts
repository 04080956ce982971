import type { DuckDBConnection } from '@duckdb/node-api';
import type { FailureEntry, StatusReport } from '@millrace/core';
import type { Arrived } from './arrivals.ts';
import { urlOf } from './bucket.ts';
import type { Posted } from './flight-events.ts';
import { askMillrace } from './millrace-process.ts';
import {
  type Answer,
  askFacts,
  askSources,
  askWarehouse,
  BUSIEST_ROUTES,
  EVENT_TABLES,
  type Facts,
  FILE_TABLES,
  type Receipt,
  readReceipts,
} from './questions.ts';
import type { Sources } from './sources.ts';

export const TARGETS = ['public.flights', 'public.delays', 'public.airports'] as const;

/** A number that has to be the same on both sides. */
export interface Check {
  readonly table: string;
  readonly what: string;
  /** Known without Millrace. */
  readonly expected: string;
  readonly actual: string;
}

export const isRight = ({ expected, actual }: Check): boolean => expected === actual;

/** A table at a glance, in rows. */
export interface TableSummary {
  readonly table: string;
  readonly published: number;
  readonly loaded: number;
  readonly duplicates: number;
  readonly quarantined: number;
}

export interface Checked {
  readonly tables: readonly TableSummary[];
  readonly checks: readonly Check[];
  /** Of all targets. */
  readonly receipts: readonly Receipt[];
  /** What was set aside, with the evidence. */
  readonly failures: readonly FailureEntry[];
}

/** What the numbers are called that `askFacts` asks for. */
const WORDS: Readonly<Record<string, string>> = {
  n: 'rows',
  ids: 'distinct keys',
  delays: 'minutes of delay',
  miles: 'miles',
  newer: 'newest version',
  older: 'late, older version',
  fingerprint: 'fingerprint',
};

/** Holds the warehouse against the published files, and the receipts against the files that landed. */
export async function checkLoaded(
  directory: string,
  { database, sources, arrived }: { database: DuckDBConnection; sources: Sources; arrived: Arrived },
): Promise<Checked> {
  const facts = await askFacts(directory, database, FILE_TABLES);
  const receipts = (await Promise.all(TARGETS.map((target) => readReceipts(directory, target)))).flat();
  const failures = await askMillrace<readonly FailureEntry[]>(directory, 'failures');
  const loadedFiles = new Set(receipts.map(({ url }) => url)).size;
  const checks: Check[] = [
    ...facts.flatMap(checkFacts),
    check('files', 'loaded', arrived.landed - 1, loadedFiles),
    check('', 'loaded twice', 0, receipts.length - loadedFiles),
    ...checkQuarantine(failures, sources),
    ...checkKilled(receipts, arrived),
  ];
  const isAside = failures.some(({ url }) => url === urlOf(sources.corrupt));
  return { tables: facts.map((one) => summarise(one, { sources, isAside })), checks, receipts, failures };
}

function checkFacts({ table, expected, actual }: Facts): readonly Check[] {
  return Object.keys(expected).map((column) =>
    check(column === 'n' ? table : '', WORDS[column] ?? column, expected[column], actual[column]),
  );
}

function summarise(
  { table, expected, actual }: Facts,
  { sources, isAside }: { sources: Sources; isAside: boolean },
): TableSummary {
  const spoiled = table === 'flights' ? sources.corrupt.rows : 0;
  const loaded = Number(actual.n);
  return {
    table,
    published: Number(expected.n) + spoiled,
    loaded,
    // Rows of `delays` have no key: what is there beyond the published ones is there twice.
    duplicates: loaded - Number(actual.ids ?? expected.n),
    quarantined: isAside ? spoiled : 0,
  };
}

/** The corrupt file is set aside, it alone, and the evidence points to the very field that was spoiled. */
function checkQuarantine(failures: readonly FailureEntry[], { corrupt }: Sources): readonly Check[] {
  const [first] = failures;
  return [
    check('', 'quarantined', 1, failures.length),
    check('evidence', 'file', urlOf(corrupt), first?.url),
    check('', 'line', corrupt.line, first?.line),
    check('', 'column', corrupt.column, first?.column),
    check('', 'raw value', corrupt.rawValue, first?.rawValue),
  ];
}

/** The load that was killed is there as a whole or not at all. */
function checkKilled(receipts: readonly Receipt[], { killed }: Arrived): readonly Check[] {
  const committed = receipts.filter(({ job_id: job }) => job === killed.jobId).length;
  const expected = committed === 0 ? 0 : killed.files;
  return [check('killed', committed === 0 ? 'files committed' : 'files, all or none', expected, committed)];
}

/** What the posted flights have to come to, whatever was sent twice and whoever was killed. */
export async function checkEvents(
  directory: string,
  { database, posted }: { database: DuckDBConnection; posted: Posted },
): Promise<readonly Check[]> {
  const facts = await askFacts(directory, database, EVENT_TABLES);
  const landed = facts.find(({ table }) => table === 'landings');
  return [
    check('events', 'posted, and rows of them', posted.events, landed?.actual.n),
    ...facts.flatMap(checkFacts),
  ];
}

/** After the correction: everything that was published is there, nothing is set aside. */
export async function checkCorrected(
  directory: string,
  { total, status }: { total: number; status: StatusReport },
): Promise<readonly Check[]> {
  const [actual] = await askWarehouse(
    directory,
    'SELECT COUNT(*) AS n, COUNT(DISTINCT flight_id) AS ids FROM flights',
  );
  const quarantined = Object.values(status.targets).reduce((sum, target) => sum + target.quarantined, 0);
  return [
    check('flights', 'rows', total, actual?.n),
    check('', 'distinct keys', total, actual?.ids),
    check('files', 'quarantined', 0, quarantined),
  ];
}

/** The busiest routes, the same from both sides; each route that is not is a check of its own. */
export async function checkRoutes(
  directory: string,
  database: DuckDBConnection,
): Promise<{ routes: readonly Answer[]; checks: readonly Check[] }> {
  const expected = await askSources(database, BUSIEST_ROUTES);
  const routes = await askWarehouse(directory, BUSIEST_ROUTES);
  const checks = expected.map((route, index) =>
    check(
      'routes',
      `number ${index + 1}`,
      Object.values(route).join(' '),
      Object.values(routes[index] ?? {}).join(' '),
    ),
  );
  return { routes, checks };
}

function check(table: string, what: string, expected: unknown, actual: unknown): Check {
  return { table, what, expected: String(expected), actual: String(actual) };
}
