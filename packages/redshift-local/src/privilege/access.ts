import type { CatalogView } from '../catalog/catalog-view.ts';
import { type RelationDefinition, TEMPORARY_SCHEMA } from '../catalog/table-definition.ts';
import { RedshiftError } from '../redshift-error.ts';
import {
  DATABASE_OBJECT,
  newPrincipal,
  type PrincipalDefinition,
  type Privilege,
  PUBLIC,
  relationObject,
  schemaObject,
} from './principal.ts';

/** What a statement needs of a table: all of these, one of these, or to be its owner. */
export type Need =
  | { readonly all: readonly Privilege[] }
  | { readonly oneOf: readonly Privilege[] }
  | 'owner';

/** LOCK shuts others out: whoever may not write has no reason to. */
export const MAY_LOCK: Need = { oneOf: ['update', 'delete', 'truncate'] };
/** What changes rows has to find them first. */
export const MAY_UPDATE: Need = { all: ['update', 'select'] };
export const MAY_DELETE: Need = { all: ['delete', 'select'] };
export const MAY_INSERT: Need = { all: ['insert'] };
export const MAY_SELECT: Need = { all: ['select'] };
export const MAY_MERGE: Need = { all: ['select', 'insert', 'update', 'delete'] };
export const MAY_TRUNCATE: Need = { all: ['truncate'] };

/**
 * What the user of a session may do.
 *
 * Only users that CREATE USER made are checked. Any other name is the superuser: a client may connect by whatever name
 * it has, and a project that creates no users sees nothing of this.
 */
export class Access {
  readonly user: string;
  readonly #catalog: CatalogView;

  constructor(catalog: CatalogView, user: string) {
    this.#catalog = catalog;
    this.user = user;
  }

  get isSuperuser(): boolean {
    return this.#own === undefined;
  }

  /** What a new relation is written down with. The superuser's have no owner of their own. */
  get ownership(): { owner?: string } {
    return this.isSuperuser ? {} : { owner: this.user };
  }

  /** @throws RedshiftError 42501 `permission denied for …`, or `must be owner of …`. */
  expectRelation(relation: RelationDefinition, need: Need): void {
    const principal = this.#own;
    if (principal === undefined || relation.schema === TEMPORARY_SCHEMA) return;
    this.#expectSchema(principal, relation.schema, 'usage');
    if (relation.owner === this.user) return;
    if (need === 'owner') {
      throw denied(`must be owner of relation ${relation.name}`);
    }
    const object = relationObject(relation.relationId);
    const isAllowed =
      'all' in need
        ? need.all.every((privilege) => this.#holds(principal, object, privilege))
        : need.oneOf.some((privilege) => this.#holds(principal, object, privilege));
    if (!isAllowed) throw denied(`permission denied for relation ${relation.name}`);
  }

  /** @throws RedshiftError 42501 when nothing may be created there. */
  expectCreation(schema: string): void {
    const principal = this.#own;
    if (principal === undefined) return;
    if (schema !== TEMPORARY_SCHEMA) this.#expectSchema(principal, schema, 'create');
    else this.#expectDatabase(principal, 'temp', 'permission denied to create temporary tables in database');
  }

  /** @throws RedshiftError 42501 when the user may not create schemas. */
  expectSchemaCreation(): void {
    const principal = this.#own;
    if (principal !== undefined) this.#expectDatabase(principal, 'create', 'permission denied for database');
  }

  /** @throws RedshiftError 42501 when the schema is somebody else's. */
  expectSchemaOwner(schema: string): void {
    const principal = this.#own;
    if (principal === undefined || principal.ownedSchemas.includes(schema)) return;
    throw denied(`must be owner of schema ${schema}`);
  }

  /** @throws RedshiftError 42501 for what only superusers may do. */
  expectSuperuser(what: string): void {
    if (!this.isSuperuser) throw denied(`must be superuser to ${what}`);
  }

  /** The user's own definition; undefined when it is not checked. */
  get #own(): PrincipalDefinition | undefined {
    const principal = this.#catalog.principal(this.user);
    return principal === undefined || !principal.isUser || principal.isSuperuser ? undefined : principal;
  }

  #expectSchema(principal: PrincipalDefinition, schema: string, privilege: 'usage' | 'create'): void {
    if (principal.ownedSchemas.includes(schema)) return;
    if (this.#holds(principal, schemaObject(schema), privilege)) return;
    throw denied(`permission denied for schema ${schema}`);
  }

  #expectDatabase(principal: PrincipalDefinition, privilege: 'create' | 'temp', message: string): void {
    if (this.#holds(principal, DATABASE_OBJECT, privilege)) return;
    throw denied(`${message} ${this.#catalog.database}`);
  }

  #holds(principal: PrincipalDefinition, object: string, privilege: Privilege): boolean {
    const everybody = this.#catalog.principal(PUBLIC) ?? newPrincipal(PUBLIC);
    return [principal, everybody].some(({ grants }) => grants[object]?.includes(privilege) === true);
  }
}

function denied(message: string): RedshiftError {
  return new RedshiftError(message, { sqlState: '42501' });
}
