/** A privilege in lower case, as it is kept: `select`, `temp`. */
export type Privilege =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'truncate'
  | 'drop'
  | 'alter'
  | 'references'
  | 'create'
  | 'usage'
  | 'temp';

/**
 * A database user, or PUBLIC: what it was granted, and which schemas are its own. Relations know their owner themselves.
 *
 * It is kept beside the relations of the catalog, and changes in the transaction of its GRANT.
 */
export interface PrincipalDefinition {
  readonly kind: 'principal';
  readonly name: string;
  /** Whether CREATE USER made it. A name that only grants speak of, or nobody, is not checked. */
  readonly isUser: boolean;
  readonly isSuperuser: boolean;
  /** By object: see `relationObject`, `schemaObject` and `DATABASE_OBJECT`. */
  readonly grants: Readonly<Record<string, readonly Privilege[]>>;
  readonly ownedSchemas: readonly string[];
}

/** Whom every user is. */
export const PUBLIC = 'public';

export const DATABASE_OBJECT = 'database';

/** By id: a table that is renamed keeps its grants, one that is created anew has none. */
export function relationObject(relationId: number): string {
  return `relation ${relationId}`;
}

export function schemaObject(schema: string): string {
  return `schema ${schema}`;
}

/** A principal that nothing was granted to yet. PUBLIC has from the beginning what Redshift gives it. */
export function newPrincipal(name: string): PrincipalDefinition {
  const grants: Record<string, readonly Privilege[]> =
    name === PUBLIC ? { [DATABASE_OBJECT]: ['temp'], [schemaObject('public')]: ['create', 'usage'] } : {};
  return { kind: 'principal', name, isUser: false, isSuperuser: false, grants, ownedSchemas: [] };
}

/** What `principal` holds on an object is changed to `privileges`. */
export function withGrants(
  principal: PrincipalDefinition,
  object: string,
  privileges: readonly Privilege[],
): PrincipalDefinition {
  const { [object]: _, ...others } = principal.grants;
  return { ...principal, grants: privileges.length === 0 ? others : { ...others, [object]: privileges } };
}
