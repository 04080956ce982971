/** The tables and views of schema rs_system that play Redshift's, by the names under which SQL asks for them. */
const NAMES = [
  'stl_load_errors',
  'stl_loaderror_detail',
  'stl_load_commits',
  'stl_replacements',
  'sys_load_error_detail',
  'sys_load_history',
  'sys_load_detail',
  'svv_table_info',
  'svv_tables',
  'svv_columns',
  'pg_table_def',
  'pg_tables',
  'pg_user',
  'pg_namespace',
  'stv_db_isolation_level',
  'information_schema.tables',
  'information_schema.columns',
  'information_schema.schemata',
] as const;

/** Redshift's name → DuckDB's. */
export const SYSTEM_TABLES: ReadonlyMap<string, string> = new Map(
  NAMES.map((name) => [name, `rs_system.${name.replace('.', '_')}`]),
);
