import type { DuckDBConnection } from '@duckdb/node-api';

/** Shapes remembered: a load job repeats a few. */
const MAX_SHAPES = 256;
/** Longer ones come once. */
const MAX_SHAPE_CHARS = 16_384;

/** Quoted names are left as they are; text literals have no part in what a query reads. */
const QUOTED = /"(?:[^"]|"")*"|'(?:[^']|'')*'/gu;
/** Texts in which a quote may mean something else: escapes, dollar quotes, comments. */
const UNUSUAL = /\\|\$|--|\/\*/u;

/** By a query without its text literals. */
const namesByShape = new Map<string, readonly string[]>();

/**
 * The tables that a query in DuckDB SQL names, qualified as they are written.
 *
 * DuckDB parses the query to tell; jobs ask the same again and again with other ids in it, so it is remembered by
 * what is left without them. A table that is named by a text literal (a file, to DuckDB) is never remembered.
 */
export function tableNamesOf(connection: DuckDBConnection, query: string): readonly string[] {
  const shape = shapeOf(query);
  const known = shape === undefined ? undefined : namesByShape.get(shape);
  if (known !== undefined) return known;
  const names = connection.getTableNames(query, true);
  if (shape !== undefined && isSame(names, connection.getTableNames(shape, true))) {
    const oldest = namesByShape.keys().next();
    if (namesByShape.size >= MAX_SHAPES && !oldest.done) namesByShape.delete(oldest.value);
    namesByShape.set(shape, names);
  }
  return names;
}

function shapeOf(query: string): string | undefined {
  if (query.length > MAX_SHAPE_CHARS || UNUSUAL.test(query)) return undefined;
  return query.replaceAll(QUOTED, (quoted) => (quoted.startsWith("'") ? "''" : quoted));
}

function isSame(names: readonly string[], others: readonly string[]): boolean {
  if (names.length !== others.length) return false;
  return names.every((name, at) => name === others[at] && !/^(?:"")?$/u.test(name));
}
