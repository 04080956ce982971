import type { Statement } from '../sql/statement.ts';
import type { TokenCursor } from '../sql/token-cursor.ts';

/** CREATE USER, after its first two words. Passwords are not kept: who reaches the engine is in. */
export function parseCreateUser(cursor: TokenCursor): Statement {
  const name = cursor.identifier();
  return { kind: 'create-user', name, isSuperuser: readSuperuser(cursor) ?? false };
}

export function parseAlterUser(cursor: TokenCursor): Statement {
  const name = cursor.identifier();
  return { kind: 'alter-user', name, isSuperuser: readSuperuser(cursor) };
}

/** DROP USER, after IF EXISTS. */
export function parseDropUser(cursor: TokenCursor, ifExists: boolean): Statement {
  const name = cursor.identifier();
  cursor.expectEnd();
  return { kind: 'drop-user', name, ifExists };
}

/** ALTER SCHEMA name OWNER TO user, after its first two words. */
export function parseOwnSchema(cursor: TokenCursor): Statement {
  const schema = cursor.identifier();
  cursor.expect('owner', 'to');
  const owner = cursor.identifier();
  cursor.expectEnd();
  return { kind: 'own-schema', schema, owner };
}

/** Redshift's word for a superuser is CREATEUSER. The other options have no effect here. */
function readSuperuser(cursor: TokenCursor): boolean | undefined {
  let isSuperuser: boolean | undefined;
  while (!cursor.isAtEnd) {
    const token = cursor.next();
    if (token.kind !== 'word') continue;
    if (token.text === 'createuser') isSuperuser = true;
    if (token.text === 'nocreateuser') isSuperuser = false;
  }
  return isSuperuser;
}
