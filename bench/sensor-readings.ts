import type { DuckDBConnection } from '@duckdb/node-api';

/** The columns of the table that is loaded, as Redshift's DDL has them. */
export const READING_COLUMNS = `
  id INTEGER NOT NULL,
  device_id BIGINT,
  score DOUBLE PRECISION,
  price DECIMAL(12,2),
  country VARCHAR(2),
  place VARCHAR(64),
  note VARCHAR(256),
  day DATE,
  seen_at TIMESTAMP,
  is_new BOOLEAN`;

/** The same columns as a user of DuckDB would tell its readers. */
export const READING_TYPES = {
  id: 'INTEGER',
  device_id: 'BIGINT',
  score: 'DOUBLE',
  price: 'DECIMAL(12,2)',
  country: 'VARCHAR',
  place: 'VARCHAR',
  note: 'VARCHAR',
  day: 'DATE',
  seen_at: 'TIMESTAMP',
  is_new: 'BOOLEAN',
} as const;

/** How the readings lie in a file. */
export type ReadingFormat = 'csv' | 'csv.zst' | 'csv.gz' | 'ndjson.gz' | 'parquet';

const WRITER_OPTIONS: Readonly<Record<ReadingFormat, string>> = {
  csv: 'FORMAT csv, HEADER true',
  'csv.zst': 'FORMAT csv, HEADER true, COMPRESSION zstd',
  'csv.gz': 'FORMAT csv, HEADER true, COMPRESSION gzip',
  'ndjson.gz': 'FORMAT json, COMPRESSION gzip',
  parquet: 'FORMAT parquet, COMPRESSION zstd',
};

/**
 * Writes readings `from` … `from + rows` into a file: numbers of every size, texts with quotes, commas and letters
 * beyond ASCII, some NULLs. The same numbers give the same file.
 *
 * @param idOf the id of reading `i`, as SQL over `i`.
 */
export async function writeReadings(
  connection: DuckDBConnection,
  path: string,
  options: { format: ReadingFormat; from: number; rows: number; version?: number; idOf?: string },
): Promise<void> {
  const { format, from, rows, version = 0, idOf = 'i' } = options;
  const chance = (salt: number): string => `hash(i * 16 + ${salt} + ${version} * 1000003)`;
  const oneOf = (values: readonly string[], salt: number): string =>
    `([${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')}])[CAST(${chance(salt)} % ${values.length} AS INTEGER) + 1]`;
  await connection.run(
    `COPY (SELECT
      CAST(${idOf} AS INTEGER) AS id,
      CAST(${chance(1)} >> 2 AS BIGINT) AS device_id,
      round(CAST(${chance(2)} % 1000000 AS DOUBLE) / 997, 6) AS score,
      CAST(CAST(${chance(3)} % 10000000 AS BIGINT) / 100 AS DECIMAL(12,2)) AS price,
      ${oneOf(['DE', 'FR', 'US', 'JP', 'BR', 'IN'], 4)} AS country,
      ${oneOf(['Zürich', 'São Paulo', '東京', 'New York, NY', 'Łódź', "L'Aquila", 'Reykjavík', 'Köln'], 5)} AS place,
      CASE CAST(${chance(6)} % 8 AS INTEGER)
        WHEN 0 THEN NULL
        WHEN 1 THEN 'he said "stop", then left no. ' || i
        WHEN 2 THEN 'größer als üblich – ' || hex(${chance(7)})
        ELSE 'reading ' || hex(${chance(7)}) || ' of batch ' || (i // 1000) END AS note,
      DATE '2020-01-01' + CAST(${chance(8)} % 2000 AS INTEGER) AS day,
      TIMESTAMP '2026-01-01' + INTERVAL (CAST(${chance(9)} % 20000000 AS INTEGER) + ${version} * 30000000) SECOND AS seen_at,
      ${chance(10)} % 2 = 0 AS is_new
    FROM range(${from}, ${from + rows}) AS numbers(i)) TO '${path}' (${WRITER_OPTIONS[format]})`,
  );
}
