import type { DuckDBConnection } from '@duckdb/node-api';
import { createMacros } from '../translate/macros.ts';
import { CATALOG_VIEWS } from './catalog-views.ts';
import { LOG_TABLES, LOG_VIEWS } from './log-tables.ts';

/**
 * Creates schema rs_system in the connection's current database: Redshift's functions (as macros), the tables of the
 * load history and the views that play STL_, SYS_, SVV_ and PG_ tables. To be called once when a database is opened,
 * after the catalog's own table was made: the views read it. What an older version left is replaced; logged rows stay.
 */
export async function createSystemTables(connection: DuckDBConnection): Promise<void> {
  await createMacros(connection);
  const tables = Object.entries(LOG_TABLES).map(
    ([name, columns]) => `CREATE TABLE IF NOT EXISTS rs_system.${name} (${columns})`,
  );
  const views = Object.entries({ ...LOG_VIEWS, ...CATALOG_VIEWS }).map(
    ([name, query]) => `CREATE OR REPLACE VIEW rs_system.${name} AS ${query}`,
  );
  await connection.run([...tables, ...views].join(';\n'));
}
