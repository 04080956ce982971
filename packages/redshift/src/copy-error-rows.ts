import type { CopyError, SqlRow, SqlValue } from '@millrace/core';

/** What STL_LOAD_ERRORS tells of a refused row; provisioned clusters keep it. */
export const STL_LOAD_ERROR_COLUMNS =
  'filename, line_number, colname, raw_field_value, raw_line, err_code, err_reason';

/** What SYS_LOAD_ERROR_DETAIL tells; serverless keeps this one alone, and it has no raw value. */
export const SYS_LOAD_ERROR_COLUMNS = 'file_name, line_number, column_name, error_code, error_message';

/** A row of either view. Both pad their columns with blanks. */
export function toCopyError(row: SqlRow): CopyError {
  const line = Number(row.line_number);
  const column = text(row.colname ?? row.column_name);
  return {
    fileUrl: text(row.filename ?? row.file_name),
    line: line > 0 ? line : null,
    column: column === '' ? null : column,
    // A line that has not the right fields has no value to show: it is shown itself.
    rawValue: text(row.raw_field_value) || text(row.raw_line) || null,
    code: Number(row.err_code ?? row.error_code),
    reason: text(row.err_reason ?? row.error_message),
  };
}

function text(value: SqlValue | undefined): string {
  return String(value ?? '').trimEnd();
}
