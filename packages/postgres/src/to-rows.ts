import { columnKeys, type SqlRow, type SqlValue } from '@millrace/core';

/** Rows as they come from the server, by the names of their columns. */
export function toRows(names: readonly string[], rows: readonly (readonly SqlValue[])[]): readonly SqlRow[] {
  const keys = columnKeys(names);
  return rows.map((row) => Object.fromEntries(keys.map((key, at) => [key, row[at] ?? null])));
}
