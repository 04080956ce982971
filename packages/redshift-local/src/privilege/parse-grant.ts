import type { Statement } from '../sql/statement.ts';
import { type QualifiedName, TokenCursor } from '../sql/token-cursor.ts';
import { type Privilege, PUBLIC } from './principal.ts';
import type { GrantObject } from './statement.ts';

const TABLE_PRIVILEGES: readonly Privilege[] = [
  'select',
  'insert',
  'update',
  'delete',
  'truncate',
  'drop',
  'alter',
  'references',
];
const PRIVILEGES_OF: Readonly<Record<GrantObject['kind'], readonly Privilege[]>> = {
  relations: TABLE_PRIVILEGES,
  'all-tables': TABLE_PRIVILEGES,
  schemas: ['create', 'usage', 'alter', 'drop'],
  database: ['create', 'temp', 'usage', 'alter'],
};

const OTHER_OBJECTS = ['function', 'procedure', 'language', 'model', 'datashare', 'external', 'copy'];

/**
 * GRANT and REVOKE of privileges on tables, schemas and the database to users and PUBLIC. What is granted to groups and
 * roles, on columns, and on other objects is accepted and has no effect: nobody gets a right by it.
 */
export function parseGrant(cursor: TokenCursor, tag: 'GRANT' | 'REVOKE'): Statement {
  cursor.next();
  cursor.accept('grant', 'option', 'for');
  const text = cursor.textUntil(
    (token) => token.kind === 'word' && ['on', 'to', 'from'].includes(token.text),
  );
  if (text === '') throw cursor.syntaxError();
  const on = cursor.accept('on') ? readObject(cursor) : undefined;
  cursor.expect(tag === 'GRANT' ? 'to' : 'from');
  if (cursor.isAtEnd) throw cursor.syntaxError();
  const grantees = readGrantees(cursor);
  const relations = on?.kind === 'relations' ? on.names : [];
  const hasColumns = text.includes('(');
  if (on === undefined || grantees.length === 0 || hasColumns) {
    return { kind: 'accepted', tag, relations, notInTransaction: false };
  }
  const privileges = readPrivileges(text, PRIVILEGES_OF[on.kind]);
  return { kind: 'grant', isRevoke: tag === 'REVOKE', privileges, on, grantees };
}

/** Undefined for what is not modelled. */
function readObject(cursor: TokenCursor): GrantObject | undefined {
  if (cursor.accept('all')) {
    const isTables = cursor.accept('tables', 'in', 'schema');
    if (isTables) return { kind: 'all-tables', schemas: readNames(cursor).map(({ name }) => name) };
    return skipObject(cursor);
  }
  if (OTHER_OBJECTS.some((word) => cursor.isWord(word))) return skipObject(cursor);
  if (cursor.accept('schema')) return { kind: 'schemas', names: readNames(cursor).map(({ name }) => name) };
  if (cursor.accept('database')) {
    readNames(cursor);
    return { kind: 'database' };
  }
  cursor.accept('table');
  return { kind: 'relations', names: readNames(cursor) };
}

function skipObject(cursor: TokenCursor): undefined {
  cursor.textUntil((token) => token.kind === 'word' && ['to', 'from'].includes(token.text));
}

function readNames(cursor: TokenCursor): QualifiedName[] {
  const names = [cursor.qualifiedName()];
  while (cursor.acceptSymbol(',')) names.push(cursor.qualifiedName());
  return names;
}

function readPrivileges(text: string, known: readonly Privilege[]): readonly Privilege[] {
  const cursor = new TokenCursor(text);
  if (cursor.accept('all')) {
    cursor.accept('privileges');
    cursor.expectEnd();
    return known;
  }
  const privileges: Privilege[] = [];
  do {
    const word = cursor.identifier();
    const privilege = known.find((candidate) => candidate === (word === 'temporary' ? 'temp' : word));
    if (privilege === undefined) throw cursor.syntaxError(-1);
    privileges.push(privilege);
  } while (cursor.acceptSymbol(','));
  cursor.expectEnd();
  return privileges;
}

/** Users and PUBLIC; groups and roles are passed over. */
function readGrantees(cursor: TokenCursor): string[] {
  const names: string[] = [];
  do {
    const isOther = cursor.accept('group') || cursor.accept('role');
    const isPublic = cursor.accept(PUBLIC);
    const name = isPublic ? PUBLIC : cursor.identifier();
    if (!isOther) names.push(name);
    cursor.accept('with', 'grant', 'option');
  } while (cursor.acceptSymbol(','));
  if (!cursor.accept('cascade')) cursor.accept('restrict');
  cursor.expectEnd();
  return names;
}
