import type { DuckDBConnection } from '@duckdb/node-api';
import { ledgerOf } from '@millrace/core';
import { askMillrace } from './millrace-process.ts';
import { VERSIONS } from './sources.ts';

/*
 * Questions that are asked twice: of the published files, with DuckDB and without Millrace; and of the warehouse. They
 * are worded so that both dialects mean the same by them, in whole numbers where order could change a sum.
 */

export type Answer = Readonly<Record<string, string>>;

/**
 * One row each. A fingerprint binds the values of a row to each other: rows that were mixed up have the same sums and
 * another fingerprint.
 */
const FACTS = {
  flights: `
    SELECT COUNT(*) AS n, COUNT(DISTINCT flight_id) AS ids, SUM(delay) AS delays, SUM(distance) AS miles,
      SUM(MOD(flight_id, 1009) * (delay + 2000) + MOD(flight_id, 211) * distance
        + MOD(flight_id, 97) * CAST(EXTRACT(EPOCH FROM flown_at) AS BIGINT)
        + MOD(flight_id, 89) * (256 * ASCII(origin) + ASCII(destination))) AS fingerprint
    FROM flights`,
  delays: `
    SELECT COUNT(*) AS n, SUM(delay) AS delays, SUM(distance) AS miles,
      SUM(CAST(ROUND(departure_hour * 60) AS BIGINT) * (delay + 2000) + distance * (delay + 100)) AS fingerprint
    FROM delays`,
  airports: `
    SELECT COUNT(*) AS n, COUNT(DISTINCT iata) AS ids,
      SUM(CASE WHEN updated_at = '${VERSIONS.newer}' THEN 1 ELSE 0 END) AS newer,
      SUM(CASE WHEN updated_at = '${VERSIONS.older}' THEN 1 ELSE 0 END) AS older,
      SUM(LENGTH(name) * ASCII(iata)) AS fingerprint
    FROM airports`,
  landings: `
    SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS ids, SUM(delay) AS delays, SUM(distance) AS miles,
      SUM(MOD(CAST(EXTRACT(EPOCH FROM landed_at) AS BIGINT), 1009) * (delay + 2000)
        + distance * (256 * ASCII(origin) + ASCII(destination))) AS fingerprint
    FROM landings`,
  stations: `
    SELECT COUNT(*) AS n, COUNT(DISTINCT iata) AS ids,
      SUM(MOD(CAST(EXTRACT(EPOCH FROM last_landing) AS BIGINT), 1009) * ASCII(iata)) AS fingerprint
    FROM stations`,
  routes: `
    SELECT COUNT(*) AS n, COUNT(DISTINCT origin || destination) AS ids, SUM(distance) AS miles,
      SUM(MOD(CAST(EXTRACT(EPOCH FROM last_flown) AS BIGINT), 1009) * (256 * ASCII(origin) + ASCII(destination))) AS fingerprint
    FROM routes`,
} as const;

/** The tables that files are loaded into, and those that events become. */
export const FILE_TABLES = ['flights', 'delays', 'airports'] as const;
export const EVENT_TABLES = ['landings', 'stations', 'routes'] as const;

/** A table as the published files say that it is, and as it is in the warehouse. */
export interface Facts {
  readonly table: keyof typeof FACTS;
  readonly expected: Answer;
  readonly actual: Answer;
}

export async function askFacts(
  directory: string,
  database: DuckDBConnection,
  tables: readonly (keyof typeof FACTS)[],
): Promise<readonly Facts[]> {
  const facts: Facts[] = [];
  for (const table of tables) {
    const [expected = {}] = await askSources(database, FACTS[table]);
    const [actual = {}] = await askWarehouse(directory, FACTS[table]);
    facts.push({ table, expected, actual });
  }
  return facts;
}

export const BUSIEST_ROUTES = `
  SELECT f.origin, f.destination, o.name AS from_airport, d.name AS to_airport, COUNT(*) AS flights,
    ROUND(CAST(SUM(f.delay) AS DOUBLE PRECISION) / COUNT(*), 1) AS average_delay
  FROM flights f
  JOIN airports o ON o.iata = f.origin
  JOIN airports d ON d.iata = f.destination
  GROUP BY f.origin, f.destination, o.name, d.name
  ORDER BY COUNT(*) DESC, f.origin, f.destination
  LIMIT 10`;

/** Who loaded a file: a row of a target's receipts, which are written in the transaction of the load. */
export interface Receipt {
  readonly url: string;
  readonly job_id: string;
  readonly file_id: string;
}

export async function askSources(database: DuckDBConnection, sql: string): Promise<readonly Answer[]> {
  const reader = await database.runAndReadAll(sql);
  return reader.getRowObjectsJson().map(asText);
}

export async function askWarehouse(directory: string, sql: string): Promise<readonly Answer[]> {
  const rows = await askMillrace<readonly Record<string, unknown>[]>(directory, 'query', sql);
  return rows.map(asText);
}

export async function readReceipts(directory: string, target: string): Promise<readonly Receipt[]> {
  const { schema, name } = ledgerOf(target).receipts;
  return askMillrace(
    directory,
    'query',
    `SELECT url, job_id, file_id FROM ${schema}.${name} WHERE kind = 'load' ORDER BY job_id, url`,
  );
}

/** Big integers come as strings from both, small ones as numbers from one of them. */
function asText(row: Readonly<Record<string, unknown>>): Answer {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, String(value)]));
}
