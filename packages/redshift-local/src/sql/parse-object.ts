import { parseAlterUser, parseCreateUser, parseDropUser, parseOwnSchema } from '../privilege/parse-user.ts';
import { RedshiftError } from '../redshift-error.ts';
import { notSupported } from './not-supported.ts';
import { parseAlterTable } from './parse-alter-table.ts';
import { parseCreateTable } from './parse-create-table.ts';
import type { Statement } from './statement.ts';
import type { QualifiedName, TokenCursor } from './token-cursor.ts';

/** Objects of PostgreSQL that a Redshift table cannot have, and objects of Redshift that are not played here. */
const UNSUPPORTED_OBJECTS = [
  'index',
  'unique',
  'sequence',
  'trigger',
  'type',
  'domain',
  'rule',
  'extension',
  'aggregate',
];

export function parseCreate(cursor: TokenCursor): Statement {
  cursor.next();
  const orReplace = cursor.accept('or', 'replace');
  if (cursor.accept('procedure')) return { kind: 'create-procedure', sql: cursor.sql };
  if (cursor.accept('view')) return parseView(cursor, orReplace);
  if (orReplace) throw cursor.syntaxError();
  if (cursor.accept('schema')) {
    const ifNotExists = cursor.accept('if', 'not', 'exists');
    const name = cursor.identifier();
    const owner = cursor.accept('authorization') ? cursor.identifier() : undefined;
    if (cursor.accept('quota')) cursor.rest();
    cursor.expectEnd();
    return { kind: 'create-schema', name, ifNotExists, ...(owner === undefined ? {} : { owner }) };
  }
  if (cursor.accept('user')) return parseCreateUser(cursor);
  if (cursor.accept('group') || cursor.accept('role')) {
    const tag = `CREATE ${cursor.peek(-1)?.text.toUpperCase()}`;
    cursor.identifier();
    return { kind: 'accepted', tag, relations: [], notInTransaction: false };
  }
  const isLocal = cursor.accept('local');
  const isTemporary = cursor.accept('temp') || cursor.accept('temporary');
  if (isLocal && !isTemporary) throw cursor.syntaxError();
  if (cursor.accept('table')) return parseCreateTable(cursor, isTemporary);
  if (cursor.accept('materialized', 'view')) throw notSupported('CREATE MATERIALIZED VIEW');
  const object = cursor.next();
  if (UNSUPPORTED_OBJECTS.includes(object.text)) {
    throw new RedshiftError(`SQL command "${cursor.sql.trim()}" not supported on Redshift tables.`, {
      sqlState: '0A000',
    });
  }
  if (['function', 'external', 'database', 'library', 'model', 'datashare'].includes(object.text)) {
    throw notSupported(`CREATE ${object.text.toUpperCase()}`);
  }
  throw cursor.syntaxError(-1);
}

function parseView(cursor: TokenCursor, orReplace: boolean): Statement {
  const name = cursor.qualifiedName();
  const columns = cursor.isSymbol('(') ? cursor.identifierList() : undefined;
  cursor.expect('as');
  const query = cursor.textUntil(
    (token, at) => token.text === 'with' && at.isWord('no', 1) && at.isWord('schema', 2),
  );
  if (query === '') throw cursor.syntaxError();
  const isLateBinding = cursor.accept('with', 'no', 'schema', 'binding');
  cursor.expectEnd();
  return { kind: 'create-view', name, orReplace, columns, query, isLateBinding };
}

export function parseAlter(cursor: TokenCursor): Statement {
  cursor.next();
  if (cursor.accept('table')) return parseAlterTable(cursor);
  if (cursor.accept('user')) return parseAlterUser(cursor);
  if (cursor.accept('schema')) return parseOwnSchema(cursor);
  if (['group', 'role'].some((word) => cursor.accept(word))) {
    const tag = `ALTER ${cursor.peek(-1)?.text.toUpperCase()}`;
    cursor.identifier();
    return { kind: 'accepted', tag, relations: [], notInTransaction: false };
  }
  throw notSupported(`ALTER ${(cursor.peek()?.text ?? '').toUpperCase()}`);
}

export function parseDrop(cursor: TokenCursor): Statement {
  cursor.next();
  const object = cursor.next().text;
  if (!['table', 'view', 'schema', 'procedure', 'user', 'group', 'role'].includes(object)) {
    if (UNSUPPORTED_OBJECTS.includes(object)) {
      throw new RedshiftError(`SQL command "${cursor.sql.trim()}" not supported on Redshift tables.`, {
        sqlState: '0A000',
      });
    }
    throw notSupported(`DROP ${object.toUpperCase()}`);
  }
  const ifExists = cursor.accept('if', 'exists');
  if (object === 'user') return parseDropUser(cursor, ifExists);
  if (object === 'group' || object === 'role') {
    cursor.identifier();
    return { kind: 'accepted', tag: `DROP ${object.toUpperCase()}`, relations: [], notInTransaction: false };
  }
  const names = [cursor.qualifiedName()];
  if (object === 'procedure') {
    if (cursor.isSymbol('(')) cursor.rest();
    cursor.expectEnd();
    return { kind: 'drop-procedure', name: names[0] as QualifiedName, ifExists };
  }
  while (cursor.acceptSymbol(',')) names.push(cursor.qualifiedName());
  const isCascade = cursor.accept('cascade');
  if (!isCascade) cursor.accept('restrict');
  cursor.expectEnd();
  if (object === 'schema')
    return { kind: 'drop-schema', names: names.map(({ name }) => name), ifExists, isCascade };
  return { kind: 'drop', relation: object === 'table' ? 'table' : 'view', names, ifExists, isCascade };
}
