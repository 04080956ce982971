import { quoteName, quoteText } from './quote.ts';
import type { ColumnInfo, DuckPlace, RedshiftType, TableInfo } from './table-info.ts';

export interface IdentityDefinition {
  readonly kind: 'always' | 'by-default';
  readonly seed: number;
  readonly step: number;
  /** The DuckDB sequence behind the column, as `nextval` wants it. */
  readonly sequence: string;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: RedshiftType;
  readonly isNullable: boolean;
  /** As it was declared, in Redshift SQL. */
  readonly defaultText?: string;
  /** The same in DuckDB SQL. */
  readonly defaultSql?: string;
  readonly identity?: IdentityDefinition;
}

/** What a table was declared with and does not act on: kept for metadata, inherited by LIKE. */
export interface TableAttributes {
  readonly distStyle?: 'auto' | 'even' | 'key' | 'all';
  readonly distKey?: string;
  readonly sortKeys: readonly string[];
  readonly primaryKey: readonly string[];
}

export interface TableDefinition {
  readonly kind: 'table';
  readonly schema: string;
  readonly name: string;
  readonly relationId: number;
  /** Not there: the superuser. */
  readonly owner?: string;
  readonly isTemporary: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly attributes: TableAttributes;
}

export interface ViewDefinition {
  readonly kind: 'view';
  readonly schema: string;
  readonly name: string;
  readonly relationId: number;
  readonly owner?: string;
  /** Keys of the tables below it, views resolved: what a reader of the view has to lock. */
  readonly tables: readonly string[];
  /** WITH NO SCHEMA BINDING: does not keep its tables from being dropped. */
  readonly isLateBinding: boolean;
}

/** A stored procedure, kept as the text that created it. */
export interface ProcedureDefinition {
  readonly kind: 'procedure';
  readonly schema: string;
  /** With the types of its parameters, so that overloads have keys of their own: `p(integer, varchar)`. */
  readonly name: string;
  readonly procedureName: string;
  readonly relationId: number;
  readonly owner?: string;
  readonly sql: string;
}

export type RelationDefinition = TableDefinition | ViewDefinition | ProcedureDefinition;

/** The schema that temporary tables have in DuckDB, and in the catalog's keys. */
export const TEMPORARY_SCHEMA = 'pg_temp';

/** One key space for catalog and locks. */
export function relationKey(schema: string, name: string): string {
  return `${schema}.${name}`;
}

export function keyOf(relation: { schema: string; name: string }): string {
  return relationKey(relation.schema, relation.name);
}

/** Where DuckDB has a relation. */
export function duckPlaceOf(database: string, relation: { schema: string; name: string }): DuckPlace {
  const { schema, name } = relation;
  if (schema === TEMPORARY_SCHEMA) return { database: 'temp', schema: 'main', name };
  return { database, schema, name };
}

/** What to call a relation in DuckDB SQL. */
export function duckNameOf(database: string, relation: { schema: string; name: string }): string {
  const place = duckPlaceOf(database, relation);
  return `${quoteName(place.database)}.${quoteName(place.schema)}.${quoteName(place.name)}`;
}

export function nextValueSql(identity: IdentityDefinition): string {
  return `nextval(${quoteText(identity.sequence)})`;
}

export function toTableInfo(database: string, table: TableDefinition): TableInfo {
  return {
    schema: table.schema,
    name: table.name,
    isTemporary: table.isTemporary,
    tableId: table.relationId,
    duckName: duckNameOf(database, table),
    duckPlace: duckPlaceOf(database, table),
    columns: table.columns.map(toColumnInfo),
  };
}

function toColumnInfo(column: ColumnDefinition): ColumnInfo {
  const { name, type, isNullable, defaultSql, identity } = column;
  return {
    name,
    type,
    isNullable,
    defaultSql,
    identity: identity && { kind: identity.kind, nextSql: nextValueSql(identity) },
  };
}
