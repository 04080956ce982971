import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** A file that is ready to land in the bucket. */
export interface Part {
  readonly table: 'flights' | 'delays' | 'airports';
  readonly kind: 'Parquet' | 'CSV' | 'NDJSON';
  /** Below the bucket. */
  readonly key: string;
  /** Where it lies until then. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

/** A part with one line that no table takes, and what is wrong with it. */
export interface CorruptPart extends Part {
  readonly line: number;
  readonly column: string;
  readonly rawValue: string;
  /** The text that the file should have had. */
  readonly corrected: string;
}

export interface Sources {
  readonly flights: readonly Part[];
  readonly delays: readonly Part[];
  /** All airports as they were in January; those that got another name since; and some from before, which come late. */
  readonly airports: { readonly base: Part; readonly newer: Part; readonly older: Part };
  readonly corrupt: CorruptPart;
}

/** How many parts of each kind the flights are cut into. */
const FLIGHT_PARTS = [
  {
    kind: 'Parquet',
    folder: 'parquet',
    ending: 'parquet',
    parts: 24,
    options: 'FORMAT parquet, COMPRESSION zstd',
  },
  {
    kind: 'CSV',
    folder: 'csv',
    ending: 'csv.gz',
    parts: 10,
    options: 'FORMAT csv, HEADER true, COMPRESSION gzip',
  },
  {
    kind: 'CSV',
    folder: 'csv',
    ending: 'csv.zst',
    parts: 9,
    options: 'FORMAT csv, HEADER true, COMPRESSION zstd',
  },
  { kind: 'NDJSON', folder: 'json', ending: 'json.gz', parts: 4, options: 'FORMAT json, COMPRESSION gzip' },
] as const;
const ALL_FLIGHT_PARTS = 48;
const DELAY_PARTS = 4;

/** The instants that the three versions of airports carry. */
export const VERSIONS = {
  older: '2000-07-01 00:00:00',
  base: '2001-01-01 00:00:00',
  newer: '2001-06-01 00:00:00',
} as const;

/** A database over the published files: what the parts are cut from, and what the results are compared with. */
export async function openSources(rows: number | null): Promise<DuckDBConnection> {
  // The package exports its code alone; its data is beside it.
  const data = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '..', 'data');
  const database = await (await DuckDBInstance.create(':memory:')).connect();
  const published = (name: string): string => `'${join(data, name).replaceAll("'", "''")}'`;
  const limit = rows === null ? '' : `WHERE file_row_number < ${rows}`;
  await database.run(`
    CREATE TABLE all_flights AS
    SELECT file_row_number + 1 AS flight_id, date AS flown_at, CAST(delay AS INTEGER) AS delay,
      CAST(distance AS INTEGER) AS distance, origin, destination
    FROM read_parquet(${published('flights-3m.parquet')}, file_row_number = true) ${limit}`);
  await database.run(`
    CREATE TABLE delays AS
    SELECT row_number() OVER () AS line, CAST(delay AS INTEGER) AS delay, CAST(distance AS INTEGER) AS distance,
      CAST(time AS DOUBLE) AS departure_hour
    FROM read_json(${published('flights-200k.json')})`);
  await database.run(`
    CREATE TABLE base_airports AS
    SELECT *, TIMESTAMP '${VERSIONS.base}' AS updated_at FROM read_csv(${published('airports.csv')}, header = true)`);
  await database.run(`
    CREATE TABLE newer_airports AS
    SELECT * REPLACE (name || ' Airport' AS name, TIMESTAMP '${VERSIONS.newer}' AS updated_at)
    FROM base_airports WHERE iata IN (SELECT origin FROM all_flights GROUP BY 1 ORDER BY COUNT(*) DESC, 1 LIMIT 40)`);
  await database.run(`
    CREATE TABLE older_airports AS
    SELECT * REPLACE ('Old ' || name AS name, TIMESTAMP '${VERSIONS.older}' AS updated_at)
    FROM base_airports WHERE iata IN (SELECT DISTINCT origin FROM all_flights)`);
  return database;
}

/**
 * Cuts the published files into parts, in a folder from which they are moved into the bucket one by one. Afterwards
 * the database has `flights` (without those of the corrupt part), `delays` and `airports`: what a loader has to come to.
 *
 * @returns also how many flights there are in all.
 */
export async function cutSources(
  database: DuckDBConnection,
  folder: string,
): Promise<{ sources: Sources; total: number }> {
  const total = await count(database, 'all_flights');
  const perPart = Math.ceil(total / ALL_FLIGHT_PARTS);
  const flights: Part[] = [];
  let cut = 0;
  const nextRange = (): string => {
    const from = cut * perPart;
    cut += 1;
    return `flight_id > ${from} AND flight_id <= ${from + perPart}`;
  };
  for (const { kind, folder: below, ending, parts, options } of FLIGHT_PARTS) {
    for (let part = 0; part < parts; part += 1) {
      const key = `flights/${below}/part-${number(cut + 1)}.${ending}`;
      const query = `SELECT * FROM all_flights WHERE ${nextRange()}`;
      flights.push(await write(database, query, { folder, table: 'flights', kind, key, options }));
    }
  }
  const corruptRange = nextRange();
  const corrupt = await writeCorrupt(database, corruptRange, { folder, name: `part-${number(cut)}` });
  await database.run(`CREATE VIEW flights AS SELECT * FROM all_flights WHERE NOT (${corruptRange})`);

  const delays: Part[] = [];
  for (let part = 0; part < DELAY_PARTS; part += 1) {
    delays.push(
      await write(database, `SELECT * EXCLUDE (line) FROM delays WHERE line % ${DELAY_PARTS} = ${part}`, {
        folder,
        table: 'delays',
        kind: 'NDJSON',
        key: `delays/part-${number(part + 1)}.json`,
        options: 'FORMAT json',
      }),
    );
  }
  const airports = await writeAirports(database, folder);
  return { sources: { flights, delays, airports, corrupt }, total };
}

async function writeAirports(database: DuckDBConnection, folder: string): Promise<Sources['airports']> {
  const version = (table: string, key: string): Promise<Part> =>
    write(database, `SELECT * FROM ${table}`, {
      folder,
      table: 'airports',
      kind: 'CSV',
      key: `airports/${key}.csv`,
      options: 'FORMAT csv, HEADER true',
    });
  const base = await version('base_airports', '2001-01-all');
  const newer = await version('newer_airports', '2001-06-renamed');
  const older = await version('older_airports', '2000-07-late');
  await database.run(`
    CREATE VIEW airports AS SELECT * FROM newer_airports
    UNION ALL SELECT * FROM base_airports WHERE iata NOT IN (SELECT iata FROM newer_airports)`);
  return { base, newer, older };
}

/** A good CSV but for one delay in its middle. */
async function writeCorrupt(
  database: DuckDBConnection,
  range: string,
  { folder, name }: { folder: string; name: string },
): Promise<CorruptPart> {
  const part = await write(database, `SELECT * FROM all_flights WHERE ${range}`, {
    folder,
    table: 'flights',
    kind: 'CSV',
    key: `flights/csv/${name}.csv`,
    options: 'FORMAT csv, HEADER true',
  });
  const corrected = await readFile(part.path, 'utf8');
  const lines = corrected.split('\n');
  const index = Math.floor(lines.length / 2);
  const fields = (lines[index] ?? '').split(',');
  const rawValue = `${fields[2]} min`;
  lines[index] = fields.with(2, rawValue).join(',');
  await writeFile(part.path, lines.join('\n'));
  return { ...part, line: index + 1, column: 'delay', rawValue, corrected };
}

async function write(
  database: DuckDBConnection,
  query: string,
  { folder, options, ...part }: Pick<Part, 'table' | 'kind' | 'key'> & { folder: string; options: string },
): Promise<Part> {
  const path = join(folder, part.key);
  await mkdir(dirname(path), { recursive: true });
  const result = await database.run(`COPY (${query}) TO '${path.replaceAll("'", "''")}' (${options})`);
  return { ...part, path, rows: result.rowsChanged, bytes: (await stat(path)).size };
}

async function count(database: DuckDBConnection, table: string): Promise<number> {
  const reader = await database.runAndReadAll(`SELECT COUNT(*) FROM ${table}`);
  return Number(reader.getRows()[0]?.[0]);
}

function number(part: number): string {
  return String(part).padStart(2, '0');
}
