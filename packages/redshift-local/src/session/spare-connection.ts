import type { DuckDBConnection } from '@duckdb/node-api';

/** A connection that nobody has used, and the search path that it was given. */
export interface FreshConnection {
  readonly connection: DuckDBConnection;
  readonly searchPath: string;
}

/**
 * One connection is kept ready for the next session: a batch of few statements would wait for it longer than for one
 * of them. Never one that was used: temporary tables, settings and transactions of a session end with its connection.
 */
export class SpareConnection {
  readonly #connect: () => Promise<DuckDBConnection>;
  #spare: Promise<FreshConnection> | undefined;
  #isClosed = false;

  constructor(connect: () => Promise<DuckDBConnection>) {
    this.#connect = connect;
  }

  /** The connection that is ready, or a new one. Its search path may be an older one than `searchPath`. */
  async take(searchPath: string): Promise<FreshConnection> {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare ?? this.#open(searchPath);
  }

  /** Makes one ready, if there is none. Its failure is told to whoever takes it. */
  prepare(searchPath: string): void {
    if (this.#spare !== undefined || this.#isClosed) return;
    this.#spare = this.#open(searchPath);
    this.#spare.catch(() => undefined);
  }

  /** Closes the connection that is ready; none is prepared afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const [opened] = await Promise.allSettled([this.#spare]);
    if (opened?.status === 'fulfilled') opened.value?.connection.closeSync();
    this.#spare = undefined;
  }

  async #open(searchPath: string): Promise<FreshConnection> {
    const connection = await this.#connect();
    try {
      await setSearchPath(connection, searchPath);
      return { connection, searchPath };
    } catch (error) {
      connection.closeSync();
      throw error;
    }
  }
}

/** @param searchPath as DuckDB writes it: quoted names, separated by commas. */
export async function setSearchPath(connection: DuckDBConnection, searchPath: string): Promise<void> {
  await connection.run(`SET search_path = '${searchPath.replaceAll("'", "''")}'`);
}
