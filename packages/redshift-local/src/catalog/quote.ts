/** An identifier for DuckDB SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal for DuckDB SQL (which knows no backslash escapes). */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
