/** The tables behind the views of the load history: what `openSystemLog` writes. `seq` grows with every row. */
export const LOG_TABLES = {
  load_errors:
    'seq BIGINT, user_id INTEGER, query_id BIGINT, transaction_id BIGINT, session_id INTEGER, database_name VARCHAR, ' +
    'start_time TIMESTAMP, table_id INTEGER, file_name VARCHAR, line_number BIGINT, column_name VARCHAR, ' +
    'column_type VARCHAR, column_length VARCHAR, position INTEGER, raw_line VARCHAR, raw_field_value VARCHAR, ' +
    'error_code INTEGER, error_reason VARCHAR',
  load_history:
    'seq BIGINT, user_id INTEGER, query_id BIGINT, transaction_id BIGINT, session_id INTEGER, database_name VARCHAR, ' +
    'start_time TIMESTAMP, end_time TIMESTAMP, table_name VARCHAR, data_source VARCHAR, file_format VARCHAR, ' +
    'status VARCHAR, loaded_rows BIGINT, loaded_bytes BIGINT, source_file_count BIGINT, error_count BIGINT',
  load_detail:
    'seq BIGINT, user_id INTEGER, query_id BIGINT, transaction_id BIGINT, session_id INTEGER, database_name VARCHAR, ' +
    'start_time TIMESTAMP, record_time TIMESTAMP, file_name VARCHAR, bytes_scanned BIGINT, lines_scanned BIGINT',
} as const;

export type LogTable = keyof typeof LOG_TABLES;

/** Redshift's views over them, with its column names and widths. */
export const LOG_VIEWS: Readonly<Record<string, string>> = {
  stl_load_errors: `
    SELECT user_id AS userid, 0 AS slice, table_id AS tbl, start_time AS starttime, session_id AS session,
      query_id AS query, file_name AS filename, line_number, column_name AS colname, column_type AS "type",
      column_length AS col_length, "position", raw_line, raw_field_value, error_code AS err_code,
      error_reason[:100] AS err_reason, 0 AS is_partial, 0::BIGINT AS start_offset, -1::BIGINT AS copy_job_id
    FROM rs_system.load_errors`,
  stl_loaderror_detail: `
    SELECT user_id AS userid, 0 AS slice, session_id AS session, query_id AS query, file_name AS filename,
      line_number, 0 AS field, column_name AS colname, raw_field_value AS "value",
      CASE WHEN raw_field_value IS NULL THEN 1 ELSE 0 END AS is_null, column_type AS "type",
      column_length AS col_length
    FROM rs_system.load_errors
    QUALIFY row_number() OVER (PARTITION BY query_id, session_id, start_time ORDER BY seq) <= 20`,
  sys_load_error_detail: `
    SELECT user_id, query_id, transaction_id, session_id, database_name, table_id, start_time, file_name,
      line_number, column_name, column_type, column_length, "position", error_code, error_reason AS error_message
    FROM rs_system.load_errors`,
  sys_load_history: `
    SELECT user_id, query_id, transaction_id, session_id, database_name, status, table_name, start_time, end_time,
      date_diff('microsecond', start_time, end_time) AS duration, data_source, file_format, loaded_rows,
      loaded_bytes, source_file_count, loaded_bytes AS source_file_bytes, source_file_count AS file_count_scanned,
      loaded_bytes AS file_bytes_scanned, error_count, -1::BIGINT AS copy_job_id
    FROM rs_system.load_history`,
  sys_load_detail: `
    SELECT user_id, query_id, file_name, bytes_scanned, lines_scanned, record_time, 1 AS splits_scanned,
      start_time, record_time AS end_time
    FROM rs_system.load_detail`,
  stl_load_commits: `
    SELECT user_id AS userid, query_id AS query, 0 AS slice, file_name AS "name", file_name AS filename,
      0::BIGINT AS byte_offset, lines_scanned, 0 AS errors, record_time AS curtime, 1 AS status,
      NULL::VARCHAR AS file_format, 0 AS is_partial, 0::BIGINT AS start_offset, -1::BIGINT AS copy_job_id
    FROM rs_system.load_detail`,
  // ACCEPTINVCHARS replaces characters and keeps no record of it: the view has its columns and no rows.
  stl_replacements: `
    SELECT 0 AS userid, 0::BIGINT AS query, 0 AS slice, 0 AS tbl, NULL::TIMESTAMP AS starttime, 0 AS session,
      ''::VARCHAR AS filename, 0::BIGINT AS line_number, ''::VARCHAR AS colname, ''::VARCHAR AS raw_line
    WHERE false`,
};
