/**
 * Variables that a session sets on its DuckDB connection (`SET VARIABLE name = value`) for the functions that tell of
 * the session. Unset ones have the value given here.
 */
export const SESSION_VARIABLES = {
  /** pg_last_copy_count() */
  rs_last_copy_count: '0',
  /** pg_last_copy_id(): query id of the last COPY, -1 when there was none. */
  rs_last_copy_id: '-1',
  /** pg_last_query_id() */
  rs_last_query_id: '-1',
  /** pg_last_unload_count() */
  rs_last_unload_count: '0',
  /** pg_last_unload_id() */
  rs_last_unload_id: '-1',
  /** pg_backend_pid() */
  rs_backend_pid: '0',
  /** current_user, session_user, user */
  rs_user: "'awsuser'",
  /** current_database() */
  rs_database: "'dev'",
} as const;
