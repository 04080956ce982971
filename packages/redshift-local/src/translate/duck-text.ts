/** An identifier as DuckDB takes it, whatever characters it has. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal as DuckDB takes it: a backslash is itself. */
export function quoteString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
