import type { DuckDBConnection } from '@duckdb/node-api';
import type { FailureEntry, StatusReport } from '@millrace/core';
import type { Arrived } from './arrivals.ts';
import { urlOf } from './bucket.ts';
import { askMillrace } from './millrace-process.ts';
import {
  type Answer,
  askSources,
  askWarehouse,
  BUSIEST_ROUTES,
  FACTS,
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

export interface Checked {
  readonly checks: readonly Check[];
  /** Of all targets. */
  readonly receipts: readonly Receipt[];
  /** What was set aside, with the evidence. */
  readonly failures: readonly FailureEntry[];
}

/** What the numbers are called that `FACTS` asks for. */
const WORDS: Readonly<Record<keyof typeof FACTS, Readonly<Record<string, string>>>> = {
  flights: {
    n: 'rows',
    ids: 'distinct flight ids',
    origins: 'airports of departure',
    delays: 'minutes of delay',
    miles: 'miles',
    fingerprint: 'fingerprint',
    first: 'first departure',
    last: 'last departure',
  },
  delays: { n: 'rows', delays: 'minutes of delay', miles: 'miles', fingerprint: 'fingerprint' },
  airports: {
    n: 'rows',
    ids: 'distinct codes',
    newer: 'of the version of June',
    older: 'of the version that came late',
    fingerprint: 'fingerprint',
  },
};

/** Holds the warehouse against the published files, and the receipts against the files that landed. */
export async function checkLoaded(
  directory: string,
  { database, sources, arrived }: { database: DuckDBConnection; sources: Sources; arrived: Arrived },
): Promise<Checked> {
  const facts = await checkFacts(directory, database);
  const receipts = (await Promise.all(TARGETS.map((target) => readReceipts(directory, target)))).flat();
  const failures = await askMillrace<readonly FailureEntry[]>(directory, 'failures');
  const checks: Check[] = [
    ...facts,
    check('files', 'landed and loaded', arrived.landed - 1, new Set(receipts.map(({ url }) => url)).size),
    check('', 'loaded twice', 0, receipts.length - new Set(receipts.map(({ file_id: id }) => id)).size),
    ...checkQuarantine(failures, sources),
    ...checkKilled(receipts, arrived),
  ];
  return { checks, receipts, failures };
}

async function checkFacts(directory: string, database: DuckDBConnection): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const table of ['flights', 'delays', 'airports'] as const) {
    const [expected = {}] = await askSources(database, FACTS[table]);
    const [actual = {}] = await askWarehouse(directory, FACTS[table]);
    for (const [column, what] of Object.entries(WORDS[table])) {
      checks.push(check(column === 'n' ? table : '', what, expected[column], actual[column]));
    }
    if (actual.ids !== undefined) {
      checks.push(check('', 'duplicates', 0, Number(actual.n) - Number(actual.ids)));
    }
  }
  return checks;
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
  return [
    check(
      'killed',
      committed === 0 ? 'files committed by that load' : 'files, all or none',
      expected,
      committed,
    ),
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
    check('', 'distinct flight ids', total, actual?.ids),
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
