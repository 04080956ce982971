import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { READING_TYPES, type ReadingFormat } from './sensor-readings.ts';

/**
 * What Millrace is measured against: the statement that a user of DuckDB would write, on a file database of the kind
 * that redshift-local keeps, with as many threads.
 */
export class BareDuckDb {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.connection = connection;
  }

  static async open(directory: string): Promise<BareDuckDb> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `ATTACH '${join(directory, 'bare.duckdb')}' AS bare (STORAGE_VERSION 'v1.4.0'); USE bare`,
    );
    return new BareDuckDb(instance, connection);
  }

  async createReadings(table: string): Promise<void> {
    const columns = Object.entries(READING_TYPES).map(([name, type]) => `${name} ${type}`);
    await this.connection.run(`CREATE TABLE ${table} (${columns.join(', ')})`);
  }

  async countRows(table: string): Promise<number> {
    const reader = await this.connection.runAndReadAll(`SELECT count(*) FROM ${table}`);
    return Number(reader.getRows()[0]?.[0]);
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }
}

/** What a user of DuckDB writes after FROM to read files of readings, typed. */
export function readingsFrom(paths: readonly string[], format: ReadingFormat): string {
  const files = `[${paths.map((path) => `'${path}'`).join(', ')}]`;
  const columns = Object.entries(READING_TYPES).map(([name, type]) => `'${name}': '${type}'`);
  switch (format) {
    case 'parquet':
      return `read_parquet(${files})`;
    case 'ndjson.gz':
      return `read_json(${files}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
    default:
      return `read_csv(${files}, header = true, columns = {${columns.join(', ')}})`;
  }
}
