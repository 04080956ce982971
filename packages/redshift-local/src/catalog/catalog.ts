import type { DuckDBConnection } from '@duckdb/node-api';
import type { PrincipalDefinition } from '../privilege/principal.ts';
import { quoteName } from './quote.ts';
import { keyOf, type RelationDefinition } from './table-definition.ts';

/** The schema in the DuckDB file that keeps what DuckDB cannot: declared types, identity, defaults, keys. */
export const CATALOG_SCHEMA = 'rs_catalog';

/** What the table of relations has as the schema of a principal: no relation can be there. */
export const PRINCIPALS = 'rs_principals';

/** The schema of the load history and of the views that play Redshift's system tables. */
export const SYSTEM_SCHEMA = 'rs_system';

/** Schemas that belong to the engine; nobody may create or drop them. */
const OWN_SCHEMAS: ReadonlySet<string> = new Set([
  CATALOG_SCHEMA,
  SYSTEM_SCHEMA,
  'main',
  'information_schema',
  'pg_catalog',
]);

const FIRST_RELATION_ID = 100_000;

/**
 * What all transactions see that have committed: a map kept current in memory, so that no statement asks DuckDB
 * for the shape of its tables.
 *
 * The truth is the table `rs_catalog.relations` in the DuckDB file. It is written in the transaction of the DDL
 * itself, so a crash can never leave a table without its metadata, or the reverse.
 */
export class Catalog {
  readonly database: string;
  readonly #relations = new Map<string, RelationDefinition>();
  readonly #schemas = new Set<string>();
  readonly #principals = new Map<string, PrincipalDefinition>();
  #nextRelationId = FIRST_RELATION_ID;

  constructor(database: string) {
    this.database = database;
  }

  /** Reads the catalog of an open file; the first time it makes the tables for it and the schema `public`. */
  static async load(connection: DuckDBConnection, database: string): Promise<Catalog> {
    const catalog = new Catalog(database);
    const own = `${quoteName(database)}.${CATALOG_SCHEMA}`;
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${own}`);
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoteName(database)}."public"`);
    await connection.run(
      `CREATE TABLE IF NOT EXISTS ${own}.relations (schema_name VARCHAR, relation_name VARCHAR, definition VARCHAR)`,
    );
    const relations = await connection.runAndReadAll(`SELECT definition FROM ${own}.relations`);
    for (const [definition] of relations.getRowsJson()) {
      const known = JSON.parse(String(definition)) as RelationDefinition | PrincipalDefinition;
      if (known.kind === 'principal') catalog.putPrincipal(known);
      else catalog.put(known);
    }
    const schemas = await connection.runAndReadAll(
      'SELECT schema_name FROM duckdb_schemas() WHERE database_name = $1 AND NOT internal',
      [database],
    );
    for (const [name] of schemas.getRowsJson()) {
      if (!OWN_SCHEMAS.has(String(name))) catalog.addSchema(String(name));
    }
    return catalog;
  }

  find(key: string): RelationDefinition | undefined {
    return this.#relations.get(key);
  }

  get relations(): Iterable<RelationDefinition> {
    return this.#relations.values();
  }

  get schemas(): ReadonlySet<string> {
    return this.#schemas;
  }

  put(relation: RelationDefinition): void {
    this.#relations.set(keyOf(relation), relation);
    this.#nextRelationId = Math.max(this.#nextRelationId, relation.relationId + 1);
  }

  remove(key: string): void {
    this.#relations.delete(key);
  }

  get principals(): ReadonlyMap<string, PrincipalDefinition> {
    return this.#principals;
  }

  putPrincipal(principal: PrincipalDefinition): void {
    this.#principals.set(principal.name, principal);
  }

  removePrincipal(name: string): void {
    this.#principals.delete(name);
  }

  addSchema(name: string): void {
    this.#schemas.add(name);
  }

  removeSchema(name: string): void {
    this.#schemas.delete(name);
  }

  /** Never given out twice while the engine runs. */
  nextRelationId(): number {
    const id = this.#nextRelationId;
    this.#nextRelationId += 1;
    return id;
  }

  isReservedSchema(name: string): boolean {
    return OWN_SCHEMAS.has(name) || name.startsWith('pg_');
  }
}
