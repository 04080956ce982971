import type { DuckDBConnection } from '@duckdb/node-api';
import type { QualifiedName } from '../sql/token-cursor.ts';

/** A name in a FROM clause, and where it stands in the query's bytes. */
interface NamedTable extends QualifiedName {
  readonly at: number;
}

/**
 * A query with `qualify(name)` put in place of every table name without a schema. For views: Redshift decides at
 * CREATE VIEW which table is meant, DuckDB anew whenever the view is read, by the search path of the reader.
 *
 * Names of WITH lists stay as they are, and so do those that `qualify` gives nothing for.
 */
export async function qualifyTables(
  connection: DuckDBConnection,
  query: string,
  qualify: (name: QualifiedName) => string | undefined,
): Promise<string> {
  const tables = (await namedTables(connection, query)).filter(({ schema }) => schema === undefined);
  let bytes = Buffer.from(query);
  // From the end, so that the places before stay right.
  for (const { name, at } of tables.toSorted((one, other) => other.at - one.at)) {
    const qualified = qualify({ schema: undefined, name });
    const written = writtenLength(bytes.subarray(at).toString(), name);
    if (qualified === undefined || written === undefined) continue;
    bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(qualified), bytes.subarray(at + written)]);
  }
  return bytes.toString();
}

/**
 * The tables and views that a query in DuckDB SQL names, as they are written: a view is itself, not what it reads.
 * Names of WITH lists are none.
 */
export async function namedTables(
  connection: DuckDBConnection,
  query: string,
): Promise<readonly NamedTable[]> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql(CAST($1 AS VARCHAR))', [query]);
  const tables: NamedTable[] = [];
  collect(JSON.parse(String(reader.getRowsJson()[0]?.[0])), new Set(), tables);
  return tables;
}

/** Walks DuckDB's syntax tree, of which only tables and WITH lists are of interest. */
function collect(node: unknown, hidden: ReadonlySet<string>, found: NamedTable[]): void {
  if (Array.isArray(node)) {
    for (const child of node) collect(child, hidden, found);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const fields = node as Readonly<Record<string, unknown>>;
  if (fields.type === 'BASE_TABLE') {
    const schema = fields.schema_name === '' ? undefined : String(fields.schema_name);
    const name = String(fields.table_name);
    const isHidden = schema === undefined && hidden.has(name);
    if (!isHidden) found.push({ schema, name, at: Number(fields.query_location) });
  }
  const names = withNames(fields.cte_map);
  const inner = names.length === 0 ? hidden : new Set([...hidden, ...names]);
  for (const child of Object.values(fields)) collect(child, inner, found);
}

function withNames(cteMap: unknown): string[] {
  if (typeof cteMap !== 'object' || cteMap === null || !('map' in cteMap) || !Array.isArray(cteMap.map))
    return [];
  return cteMap.map.map(({ key }: { key: unknown }) => String(key));
}

/** Bytes of the name at the beginning of `text`, quoted or not; undefined when something else stands there. */
function writtenLength(text: string, name: string): number | undefined {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  if (text.startsWith(quoted)) return Buffer.byteLength(quoted);
  return text.slice(0, name.length).toLowerCase() === name.toLowerCase()
    ? Buffer.byteLength(name)
    : undefined;
}
