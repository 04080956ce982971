import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { LoadError } from '@millrace/core';

export type SampleRow = Readonly<Record<string, unknown>>;

/** A DuckDB in memory that reads a sample, for as long as it is looked at. */
export class SampleDatabase implements Disposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #path: string;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, path: string) {
    this.#instance = instance;
    this.#connection = connection;
    this.#path = path;
  }

  static async open(path: string): Promise<SampleDatabase> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:');
    return new SampleDatabase(instance, await instance.connect(), path);
  }

  /** @throws LoadError `sample-unreadable` with what DuckDB makes of the file */
  async rows(sql: string): Promise<readonly SampleRow[]> {
    try {
      const reader = await this.#connection.runAndReadAll(sql);
      return reader.getRowObjectsJson() as readonly SampleRow[];
    } catch (cause) {
      throw new LoadError('sample-unreadable', `${this.#path} cannot be read: ${reasonOf(cause as Error)}`, {
        hint: 'check that the file is what its ending says',
        cause,
      });
    }
  }

  [Symbol.dispose](): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** DuckDB writes a page, with the line itself, our statement, advice on its own options, and the reason somewhere in it. */
function reasonOf({ message }: Error): string {
  const [said = ''] = message.replace(/^(?:[A-Z]\w+ )+Error: /u, '').split(/^LINE \d+:/mu, 1);
  const lines = said.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !/^(?:Original Line|Try )/u.test(line))
    .slice(0, 2)
    .join(': ');
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
