import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { createMacros } from '../src/translate/macros.ts';
import { SESSION_SETTINGS } from '../src/translate/session-settings.ts';
import { translateSql } from '../src/translate/translate-sql.ts';

/** DuckDB set up as a session has it, for tests of the translation alone. */
export async function openTranslated(): Promise<{
  readonly connection: DuckDBConnection;
  /** Runs Redshift SQL. */
  readonly query: (sql: string) => Promise<{ names: string[]; rows: unknown[][] }>;
  readonly close: () => void;
}> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const setting of SESSION_SETTINGS) await connection.run(setting);
  await createMacros(connection);
  return {
    connection,
    query: async (sql) => {
      const result = await connection.runAndReadAll(translateSql(sql));
      return { names: result.columnNames(), rows: result.getRowsJson() };
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
