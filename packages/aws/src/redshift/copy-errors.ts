import { STL_LOAD_ERROR_COLUMNS, SYS_LOAD_ERROR_COLUMNS } from '@millrace/redshift';
import type { StatementState } from './to-statement-state.ts';
import type { WarehouseAddress } from './warehouse-address.ts';

/** Which COPY is asked about: its session, and from when to when it ran. */
export interface CopySpan {
  readonly pid: number;
  readonly startedAt: Date;
  readonly endedAt: Date;
}

/** Clocks of the Data API and of the warehouse differ by less; a process id comes again after far more. */
const CLOCK_SKEW_MS = 60_000;
/** Rows that are read: each file once is what counts, and a file that is not among them is named by the next attempt. */
const MAX_ROWS = 1_000;

/**
 * The question for what COPY refused. In a batch the Data API tells no query ids, so the session's process id and the
 * time say which COPY was meant. On serverless only the SYS views answer, which keep no raw value.
 */
export function copyErrorsQuery(address: WarehouseAddress, { pid, startedAt, endedAt }: CopySpan): string {
  const from = toTimestamp(startedAt.getTime() - CLOCK_SKEW_MS);
  const to = toTimestamp(endedAt.getTime() + CLOCK_SKEW_MS);
  if ('workgroup' in address) {
    return `SELECT ${SYS_LOAD_ERROR_COLUMNS}
FROM sys_load_error_detail
WHERE session_id = ${pid} AND start_time BETWEEN ${from} AND ${to}
ORDER BY file_name, line_number LIMIT ${MAX_ROWS}`;
  }
  return `SELECT ${STL_LOAD_ERROR_COLUMNS}
FROM stl_load_errors
WHERE session = ${pid} AND starttime BETWEEN ${from} AND ${to}
ORDER BY filename, line_number LIMIT ${MAX_ROWS}`;
}

/** Whether the failure itself says that its rows are in the view. */
export function promisesCopyErrors(state: StatementState): boolean {
  return (
    state.kind === 'failed' && /Check '(?:stl_load_errors|sys_load_error_detail)'/iu.test(state.error.message)
  );
}

/** UTC, as the system tables are. */
function toTimestamp(at: number): string {
  return `TIMESTAMP '${new Date(at).toISOString().replace('T', ' ').replace('Z', '')}'`;
}
