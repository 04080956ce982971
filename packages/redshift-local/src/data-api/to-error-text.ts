import { RedshiftError } from '../redshift-error.ts';

/** What the driver says when the connection to the backend is gone: nobody knows whether a COMMIT was carried out. */
export const CONNECTION_LOST = 'An I/O error occurred while sending to the backend.';

/** `Error` of a statement that failed, as the driver behind the Data API words it: `ERROR: …`, with the detail below it. */
export function toErrorText(error: unknown): string {
  if (!(error instanceof RedshiftError)) {
    return `ERROR: ${error instanceof Error ? error.message : String(error)}`;
  }
  const { message, detail, sqlState } = error;
  if (sqlState === '08006') return message;
  const severity = FATAL_STATES.has(sqlState) ? 'FATAL' : 'ERROR';
  const hasDetail = detail !== undefined && !message.includes(detail);
  return `${severity}: ${message}${hasDetail ? `\n  Detail: ${detail}` : ''}`;
}

/** Errors that end the connection, or keep it from being made. */
const FATAL_STATES: ReadonlySet<string> = new Set(['57P01', '3D000', '28000']);

/** The connection that carried the statement is gone. */
export function connectionLost(): RedshiftError {
  return new RedshiftError(CONNECTION_LOST, { sqlState: '08006' });
}

/** The warehouse ended the connection, for maintenance or a pause. */
export function connectionTerminated(): RedshiftError {
  return new RedshiftError('terminating connection due to administrator command', { sqlState: '57P01' });
}
