import { relationMissing } from '../catalog/catalog-view.ts';
import type { RelationDefinition } from '../catalog/table-definition.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { Backend } from '../session/backend.ts';
import { type CommandResult, command } from '../session/result.ts';
import {
  DATABASE_OBJECT,
  newPrincipal,
  type PrincipalDefinition,
  type Privilege,
  relationObject,
  schemaObject,
  withGrants,
} from './principal.ts';
import type { Grant, GrantObject, PrivilegeStatement } from './statement.ts';

/** Users and rights: in the session's transaction, as everything else. */
export async function executePrivilege(
  backend: Backend,
  statement: PrivilegeStatement,
): Promise<CommandResult> {
  switch (statement.kind) {
    case 'grant':
      return executeGrant(backend, statement);
    case 'create-user':
      return createUser(backend, statement);
    case 'alter-user': {
      backend.access.expectSuperuser('alter users');
      const { isSuperuser } = statement;
      const user = await lockUser(backend, statement.name);
      await put(backend, isSuperuser === undefined ? user : { ...user, isSuperuser });
      return command('ALTER USER');
    }
    case 'drop-user':
      return dropUser(backend, statement);
    case 'own-schema':
      expectSchema(backend.catalog.hasSchema(statement.schema), statement.schema);
      backend.access.expectSchemaOwner(statement.schema);
      await giveSchema(backend, statement);
      return command('ALTER SCHEMA');
  }
}

async function executeGrant(backend: Backend, statement: Grant): Promise<CommandResult> {
  const objects = objectsOf(backend, statement.on);
  for (const name of statement.grantees) {
    let principal = await lockPrincipal(backend, name);
    for (const object of objects) principal = changed(principal, object, statement);
    await put(backend, principal);
  }
  return command(statement.isRevoke ? 'REVOKE' : 'GRANT');
}

function changed(
  principal: PrincipalDefinition,
  object: string,
  { isRevoke, privileges }: { isRevoke: boolean; privileges: readonly Privilege[] },
): PrincipalDefinition {
  const held = principal.grants[object] ?? [];
  const next = isRevoke
    ? held.filter((privilege) => !privileges.includes(privilege))
    : [...new Set([...held, ...privileges])];
  return withGrants(principal, object, next);
}

/** The objects of a GRANT, which must be there, and the grantor's. */
function objectsOf({ catalog, access }: Backend, on: GrantObject): string[] {
  const own = (relation: RelationDefinition): string => {
    access.expectRelation(relation, 'owner');
    return relationObject(relation.relationId);
  };
  switch (on.kind) {
    case 'relations':
      return on.names.map((name) => {
        const relation = catalog.find(name);
        if (relation === undefined || relation.kind === 'procedure') throw relationMissing(name);
        return own(relation);
      });
    case 'all-tables':
      return on.schemas.flatMap((schema) => {
        expectSchema(catalog.hasSchema(schema), schema);
        return catalog
          .relationsIn(schema)
          .filter(({ kind }) => kind !== 'procedure')
          .map(own);
      });
    case 'schemas':
      return on.names.map((schema) => {
        expectSchema(catalog.hasSchema(schema), schema);
        access.expectSchemaOwner(schema);
        return schemaObject(schema);
      });
    case 'database':
      access.expectSuperuser('grant rights on the database');
      return [DATABASE_OBJECT];
  }
}

async function createUser(
  backend: Backend,
  { name, isSuperuser }: { name: string; isSuperuser: boolean },
): Promise<CommandResult> {
  backend.access.expectSuperuser('create users');
  const known = await lockPrincipal(backend, name);
  if (known.isUser) throw new RedshiftError(`user "${name}" already exists`, { sqlState: '42710' });
  await put(backend, { ...known, isUser: true, isSuperuser });
  return command('CREATE USER');
}

async function dropUser(
  backend: Backend,
  { name, ifExists }: { name: string; ifExists: boolean },
): Promise<CommandResult> {
  backend.access.expectSuperuser('drop users');
  const known = await lockPrincipal(backend, name);
  if (!known.isUser) {
    if (ifExists) return command('DROP USER');
    throw userMissing(name);
  }
  const isOwner = known.ownedSchemas.length > 0 || backend.catalog.ownsRelations(name);
  if (isOwner || Object.keys(known.grants).length > 0) {
    throw new RedshiftError(`user "${name}" cannot be dropped because some objects depend on it`, {
      sqlState: '2BP01',
      detail: isOwner ? 'owner of schemas or relations' : 'privileges were granted to it: revoke them first',
    });
  }
  await backend.write(backend.catalog.removePrincipal(name));
  return command('DROP USER');
}

/** Whose a schema is, it is from now on alone. */
export async function giveSchema(
  backend: Backend,
  { schema, owner }: { schema: string; owner: string },
): Promise<void> {
  await disownSchema(backend, schema);
  const principal = await lockPrincipal(backend, owner);
  await put(backend, { ...principal, ownedSchemas: [...principal.ownedSchemas, schema] });
}

/** Nobody's any more, as before CREATE SCHEMA. `isDropped`: what was granted on it goes too. */
export async function disownSchema(
  backend: Backend,
  schema: string,
  { isDropped = false }: { isDropped?: boolean } = {},
): Promise<void> {
  for (const { name } of [...backend.catalog.principals()]) {
    const principal = await lockPrincipal(backend, name);
    const ownedSchemas = principal.ownedSchemas.filter((owned) => owned !== schema);
    const kept = isDropped ? withGrants(principal, schemaObject(schema), []) : principal;
    const isSame =
      ownedSchemas.length === principal.ownedSchemas.length &&
      Object.keys(kept.grants).length === Object.keys(principal.grants).length;
    if (!isSame) await put(backend, { ...kept, ownedSchemas });
  }
}

/** A name that is not known yet begins with nothing. Two sessions do not change one principal at once. */
async function lockPrincipal(backend: Backend, name: string): Promise<PrincipalDefinition> {
  await backend.lock([`principal ${name}`], 'exclusive');
  return backend.catalog.principal(name) ?? newPrincipal(name);
}

async function lockUser(backend: Backend, name: string): Promise<PrincipalDefinition> {
  const principal = await lockPrincipal(backend, name);
  if (!principal.isUser) throw userMissing(name);
  return principal;
}

async function put(backend: Backend, principal: PrincipalDefinition): Promise<void> {
  await backend.write(backend.catalog.putPrincipal(principal));
}

function userMissing(name: string): RedshiftError {
  return new RedshiftError(`user "${name}" does not exist`, { sqlState: '42704' });
}

function expectSchema(exists: boolean, schema: string): void {
  if (!exists) throw new RedshiftError(`schema "${schema}" does not exist`, { sqlState: '3F000' });
}
