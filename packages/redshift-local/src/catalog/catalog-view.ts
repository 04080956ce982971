import type { PrincipalDefinition } from '../privilege/principal.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { QualifiedName } from '../sql/token-cursor.ts';
import { CATALOG_SCHEMA, type Catalog, PRINCIPALS } from './catalog.ts';
import { quoteName } from './quote.ts';
import {
  keyOf,
  type RelationDefinition,
  relationKey,
  type TableDefinition,
  TEMPORARY_SCHEMA,
} from './table-definition.ts';

/** A change of the catalog table that belongs to a DDL, to be run in its transaction. */
export interface CatalogWrite {
  readonly sql: string;
  readonly values: readonly string[];
}

/**
 * The catalog as one session sees it: what has committed, its own transaction's changes above it, and its temporary
 * tables, which nobody else sees and which follow its transactions too.
 */
export class CatalogView {
  readonly #catalog: Catalog;
  #searchPath: readonly string[] = ['public'];
  #temporary = new Map<string, RelationDefinition>();
  /** The temporary tables as they were when the transaction began; undefined while it changed none. */
  #temporaryBefore: Map<string, RelationDefinition> | undefined;
  readonly #changes = new Map<string, RelationDefinition | undefined>();
  readonly #schemaChanges = new Map<string, boolean>();
  readonly #principalChanges = new Map<string, PrincipalDefinition | undefined>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  get database(): string {
    return this.#catalog.database;
  }

  get searchPath(): readonly string[] {
    return this.#searchPath;
  }

  set searchPath(schemas: readonly string[]) {
    this.#searchPath = schemas;
  }

  get hasTemporaryTables(): boolean {
    return this.#temporary.size > 0;
  }

  nextRelationId(): number {
    return this.#catalog.nextRelationId();
  }

  byKey(key: string): RelationDefinition | undefined {
    if (this.#changes.has(key)) return this.#changes.get(key);
    return this.#temporary.get(key) ?? this.#catalog.find(key);
  }

  /** An unqualified name is a temporary table first, then what the search path finds. */
  find(name: QualifiedName): RelationDefinition | undefined {
    if (name.schema !== undefined) return this.byKey(relationKey(name.schema, name.name));
    const temporary = this.#temporary.get(relationKey(TEMPORARY_SCHEMA, name.name));
    if (temporary !== undefined) return temporary;
    for (const schema of this.#searchPath) {
      const found = this.byKey(relationKey(schema, name.name));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** @throws RedshiftError 42P01 when there is no such table, 42809 when the name is a view's. */
  findTable(name: QualifiedName): TableDefinition {
    const relation = this.find(name);
    if (relation === undefined || relation.kind === 'procedure') throw relationMissing(name);
    if (relation.kind === 'view')
      throw new RedshiftError(`"${name.name}" is not a table`, { sqlState: '42809' });
    return relation;
  }

  hasSchema(name: string): boolean {
    return this.#schemaChanges.get(name) ?? (this.#catalog.schemas.has(name) || name === TEMPORARY_SCHEMA);
  }

  isReservedSchema(name: string): boolean {
    return this.#catalog.isReservedSchema(name);
  }

  /** The schema in which an unqualified name is created. @throws RedshiftError 3F000. */
  schemaForCreation(name: QualifiedName): string {
    const schema = name.schema ?? this.#searchPath.find((candidate) => this.hasSchema(candidate));
    if (schema === undefined)
      throw new RedshiftError('no schema has been selected to create in', { sqlState: '3F000' });
    if (!this.hasSchema(schema) || this.isReservedSchema(schema)) {
      throw new RedshiftError(`schema "${schema}" does not exist`, { sqlState: '3F000' });
    }
    return schema;
  }

  /** Everything that is in a schema, the transaction's changes included. */
  relationsIn(schema: string): RelationDefinition[] {
    return this.#all().filter((relation) => relation.schema === schema);
  }

  /** Views that read the table and keep it from being dropped. */
  dependentViews(key: string): RelationDefinition[] {
    return this.#all().filter(
      (view) => view.kind === 'view' && !view.isLateBinding && view.tables.includes(key),
    );
  }

  #all(): RelationDefinition[] {
    const unchanged = [...this.#catalog.relations].filter((relation) => !this.#changes.has(keyOf(relation)));
    return [...unchanged, ...[...this.#changes.values()].filter((relation) => relation !== undefined)];
  }

  /** Adds or replaces a relation. Returns what has to be written in the same transaction. */
  put(relation: RelationDefinition): CatalogWrite[] {
    const key = keyOf(relation);
    if (relation.schema === TEMPORARY_SCHEMA) {
      this.#ownTemporary().set(key, relation);
      return [];
    }
    const writes = this.byKey(key) === undefined ? [] : [this.#deletion(relation)];
    this.#changes.set(key, relation);
    return [...writes, this.#insertion(relation, relation)];
  }

  /** Takes a relation away. Returns what has to be written in the same transaction. */
  remove(relation: RelationDefinition): CatalogWrite[] {
    if (relation.schema === TEMPORARY_SCHEMA) {
      this.#ownTemporary().delete(keyOf(relation));
      return [];
    }
    this.#changes.set(keyOf(relation), undefined);
    return [this.#deletion(relation)];
  }

  principal(name: string): PrincipalDefinition | undefined {
    if (this.#principalChanges.has(name)) return this.#principalChanges.get(name);
    return this.#catalog.principals.get(name);
  }

  *principals(): Iterable<PrincipalDefinition> {
    for (const name of new Set([...this.#catalog.principals.keys(), ...this.#principalChanges.keys()])) {
      const principal = this.principal(name);
      if (principal !== undefined) yield principal;
    }
  }

  ownsRelations(user: string): boolean {
    return this.#all().some(({ owner }) => owner === user);
  }

  /** Adds or replaces a user, or PUBLIC. Returns what has to be written in the same transaction. */
  putPrincipal(principal: PrincipalDefinition): CatalogWrite[] {
    const place = { schema: PRINCIPALS, name: principal.name };
    const writes = this.principal(principal.name) === undefined ? [] : [this.#deletion(place)];
    this.#principalChanges.set(principal.name, principal);
    return [...writes, this.#insertion(place, principal)];
  }

  removePrincipal(name: string): CatalogWrite[] {
    this.#principalChanges.set(name, undefined);
    return [this.#deletion({ schema: PRINCIPALS, name })];
  }

  putSchema(name: string): void {
    this.#schemaChanges.set(name, true);
  }

  removeSchema(name: string): void {
    this.#schemaChanges.set(name, false);
  }

  /** After DuckDB committed: what the transaction changed is what everybody sees. */
  commit(): void {
    for (const [key, relation] of this.#changes) {
      if (relation === undefined) this.#catalog.remove(key);
      else this.#catalog.put(relation);
    }
    for (const [schema, exists] of this.#schemaChanges) {
      if (exists) this.#catalog.addSchema(schema);
      else this.#catalog.removeSchema(schema);
    }
    for (const [name, principal] of this.#principalChanges) {
      if (principal === undefined) this.#catalog.removePrincipal(name);
      else this.#catalog.putPrincipal(principal);
    }
    this.#forget();
  }

  rollback(): void {
    if (this.#temporaryBefore !== undefined) this.#temporary = this.#temporaryBefore;
    this.#forget();
  }

  #forget(): void {
    this.#changes.clear();
    this.#schemaChanges.clear();
    this.#principalChanges.clear();
    this.#temporaryBefore = undefined;
  }

  #ownTemporary(): Map<string, RelationDefinition> {
    this.#temporaryBefore ??= new Map(this.#temporary);
    return this.#temporary;
  }

  get #relationsTable(): string {
    return `${quoteName(this.database)}.${CATALOG_SCHEMA}.relations`;
  }

  #insertion(
    { schema, name }: { schema: string; name: string },
    definition: RelationDefinition | PrincipalDefinition,
  ): CatalogWrite {
    return {
      sql: `INSERT INTO ${this.#relationsTable} VALUES ($1, $2, $3)`,
      values: [schema, name, JSON.stringify(definition)],
    };
  }

  #deletion(relation: { schema: string; name: string }): CatalogWrite {
    return {
      sql: `DELETE FROM ${this.#relationsTable} WHERE schema_name = $1 AND relation_name = $2`,
      values: [relation.schema, relation.name],
    };
  }
}

export function relationMissing(name: QualifiedName): RedshiftError {
  const written = name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
  return new RedshiftError(`relation "${written}" does not exist`, { sqlState: '42P01' });
}
