import type { TableName } from '@millrace/core';

/** A quoted identifier. Redshift folds it to lower case unless enable_case_sensitive_identifier is on. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal. Redshift reads backslashes as escapes, as PostgreSQL 8 did, so they are doubled too. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export function quoteTable({ schema, name }: TableName): string {
  return schema === undefined ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}

export function quoteList(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}
