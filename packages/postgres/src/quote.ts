import { LEDGER_SCHEMA, type TableName } from '@millrace/core';

/** A quoted identifier: PostgreSQL takes it as it is, in its own case. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal. Backslashes are data: every session of ours has `standard_conforming_strings` on. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** PostgreSQL cuts longer names off, in bytes, and says so only in a notice. */
const MAX_NAME_BYTES = 63;
/** `_` and the hash that ends the name of each table of a ledger. */
const SUFFIX_LENGTH = 9;

/**
 * The name of a table of Millrace's own, which may be made longer than PostgreSQL keeps names: what is cut is the middle, not
 * the hash that tells the ledgers of two targets apart.
 */
export function fitName(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  return name.slice(0, MAX_NAME_BYTES - SUFFIX_LENGTH) + name.slice(-SUFFIX_LENGTH);
}

/** `schema.table`, quoted; a ledger's name is made to fit. */
export function quoteTable({ schema, name }: TableName): string {
  if (schema === undefined) return quoteName(name);
  return `${quoteName(schema)}.${quoteName(schema === LEDGER_SCHEMA ? fitName(name) : name)}`;
}

export function quoteList(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}
