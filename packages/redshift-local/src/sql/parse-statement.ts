import { RedshiftError } from '../redshift-error.ts';
import { parseAlterTable } from './parse-alter-table.ts';
import { parseCreateTable } from './parse-create-table.ts';
import { parseDelete, parseInsert, parseMerge, parseUpdate } from './parse-dml.ts';
import type { CreateTableAs, Statement } from './statement.ts';
import { type QualifiedName, TokenCursor } from './token-cursor.ts';

/**
 * One statement of Redshift SQL, by its first words.
 *
 * Statements in which Redshift differs from DuckDB are parsed strictly; queries are passed on as text. What Redshift
 * does not have, and what is not played here, is refused in its words: nothing is silently ignored.
 *
 * @throws RedshiftError 42601 for bad syntax, 0A000 for what is not supported.
 */
export function parseStatement(sql: string): Statement {
  const cursor = new TokenCursor(sql);
  const first = cursor.peek();
  if (first === undefined) throw new RedshiftError('syntax error at end of input', { sqlState: '42601' });
  if (cursor.tokens.at(-1)?.text === ';' && cursor.tokens.at(-1)?.kind === 'symbol') {
    return parseStatement(sql.slice(0, cursor.tokens.at(-1)?.start));
  }
  if (cursor.tokens.some(({ kind, text }) => kind === 'symbol' && text === ';') && !isProcedure(cursor)) {
    throw new RedshiftError('cannot insert multiple commands into a prepared statement', {
      sqlState: '42601',
    });
  }
  if (first.kind === 'symbol' && first.text === '(') return parseQuery(cursor);
  if (first.kind !== 'word') throw cursor.syntaxError();
  const parse = PARSERS.get(first.text);
  if (parse === undefined) throw cursor.syntaxError();
  return parse(cursor);
}

function isProcedure(cursor: TokenCursor): boolean {
  return cursor.isWord('create') && cursor.tokens.slice(1, 4).some(({ text }) => text === 'procedure');
}

type Parser = (cursor: TokenCursor) => Statement;

const PARSERS: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['select', parseQuery],
  ['with', parseWith],
  ['insert', (cursor) => parseInsert(after(cursor))],
  ['update', (cursor) => parseUpdate(after(cursor), '')],
  ['delete', (cursor) => parseDelete(after(cursor), '')],
  ['merge', (cursor) => parseMerge(after(cursor))],
  ['copy', ({ sql }) => ({ kind: 'copy', sql })],
  ['unload', ({ sql }) => ({ kind: 'unload', sql })],
  ['call', ({ sql }) => ({ kind: 'call', sql })],
  ['create', parseCreate],
  ['alter', parseAlter],
  ['drop', parseDrop],
  ['truncate', parseTruncate],
  ['lock', parseLock],
  ['begin', parseBegin],
  ['start', parseBegin],
  ['commit', (cursor) => parseEnd(cursor, 'commit')],
  ['end', (cursor) => parseEnd(cursor, 'commit')],
  ['rollback', (cursor) => parseEnd(cursor, 'rollback')],
  ['abort', (cursor) => parseEnd(cursor, 'rollback')],
  ['set', parseSet],
  ['reset', parseReset],
  ['show', parseShow],
  ['explain', parseExplain],
  ['analyze', (cursor) => parseMaintenance(cursor, 'ANALYZE')],
  ['analyse', (cursor) => parseMaintenance(cursor, 'ANALYZE')],
  ['vacuum', (cursor) => parseMaintenance(cursor, 'VACUUM')],
  ['comment', parseComment],
  ['grant', (cursor) => parseGrant(cursor, 'GRANT')],
  ['revoke', (cursor) => parseGrant(cursor, 'REVOKE')],
  ['prepare', refuse('PREPARE')],
  ['execute', refuse('EXECUTE')],
  ['deallocate', refuse('DEALLOCATE')],
  ['declare', refuse('DECLARE')],
  ['fetch', refuse('FETCH')],
  ['close', refuse('CLOSE')],
  ['cancel', refuse('CANCEL')],
  ['refresh', refuse('REFRESH MATERIALIZED VIEW')],
]);

function after(cursor: TokenCursor): TokenCursor {
  cursor.next();
  return cursor;
}

function refuse(what: string): Parser {
  return () => {
    throw notSupported(what);
  };
}

function notSupported(what: string): RedshiftError {
  return new RedshiftError(`${what} is not supported by redshift-local`, { sqlState: '0A000' });
}

/** SELECT, or SELECT … INTO, which is a CTAS in other words. */
function parseQuery(cursor: TokenCursor): Statement {
  const { sql } = cursor;
  let depth = 0;
  for (const [at, token] of cursor.tokens.entries()) {
    if (token.kind === 'symbol' && token.text === '(') depth += 1;
    if (token.kind === 'symbol' && token.text === ')') depth -= 1;
    if (depth === 0 && token.kind === 'word' && token.text === 'into') return parseSelectInto(sql, at);
  }
  return { kind: 'query', sql };
}

function parseSelectInto(sql: string, into: number): Statement {
  const cursor = new TokenCursor(sql);
  while (cursor.position <= into) cursor.next();
  const isTemporary = cursor.accept('temp') || cursor.accept('temporary');
  cursor.accept('table');
  const name = cursor.qualifiedName();
  const query = `${cursor.textBetween(0, into)} ${cursor.rest()}`;
  const create: CreateTableAs = {
    kind: 'create-table-as',
    name,
    isTemporary: isTemporary || name.name.startsWith('#'),
    ifNotExists: false,
    columns: undefined,
    attributes: { sortKeys: [], primaryKey: [] },
    query,
  };
  return { kind: 'select-into', create };
}

/** WITH before SELECT, UPDATE or DELETE. MERGE takes none in Redshift. */
function parseWith(cursor: TokenCursor): Statement {
  cursor.next();
  const prefixEnd = (): string => cursor.textBetween(0, cursor.position);
  cursor.textUntil(
    (token) =>
      token.kind === 'word' && ['select', 'update', 'delete', 'insert', 'merge'].includes(token.text),
  );
  if (cursor.isWord('update')) {
    const prefix = prefixEnd();
    return parseUpdate(after(cursor), prefix);
  }
  if (cursor.isWord('delete')) {
    const prefix = prefixEnd();
    return parseDelete(after(cursor), prefix);
  }
  if (!cursor.isWord('select') && !cursor.isAtEnd) throw cursor.syntaxError();
  return parseQuery(cursor);
}

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

function parseCreate(cursor: TokenCursor): Statement {
  cursor.next();
  const orReplace = cursor.accept('or', 'replace');
  if (cursor.accept('procedure')) return { kind: 'create-procedure', sql: cursor.sql };
  if (cursor.accept('view')) return parseView(cursor, orReplace);
  if (orReplace) throw cursor.syntaxError();
  if (cursor.accept('schema')) {
    const ifNotExists = cursor.accept('if', 'not', 'exists');
    const name = cursor.identifier();
    if (cursor.accept('authorization')) cursor.identifier();
    if (cursor.accept('quota')) cursor.rest();
    cursor.expectEnd();
    return { kind: 'create-schema', name, ifNotExists };
  }
  if (cursor.accept('user') || cursor.accept('group') || cursor.accept('role')) {
    const tag = `CREATE ${cursor.peek(-1)?.text.toUpperCase()}`;
    cursor.identifier();
    return { kind: 'accepted', tag, relations: [], notInTransaction: false };
  }
  const isLocal = cursor.accept('local');
  const isTemporary = cursor.accept('temp') || cursor.accept('temporary');
  if (isLocal && !isTemporary) throw cursor.syntaxError();
  if (cursor.accept('table')) return parseCreateTable(cursor, isTemporary);
  const object = cursor.next();
  if (UNSUPPORTED_OBJECTS.includes(object.text)) {
    throw new RedshiftError(`SQL command "${cursor.sql.trim()}" not supported on Redshift tables.`, {
      sqlState: '0A000',
    });
  }
  if (
    ['materialized', 'function', 'external', 'database', 'library', 'model', 'datashare'].includes(
      object.text,
    )
  ) {
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

function parseAlter(cursor: TokenCursor): Statement {
  cursor.next();
  if (cursor.accept('table')) return parseAlterTable(cursor);
  if (['user', 'group', 'role'].some((word) => cursor.accept(word))) {
    const tag = `ALTER ${cursor.peek(-1)?.text.toUpperCase()}`;
    cursor.identifier();
    return { kind: 'accepted', tag, relations: [], notInTransaction: false };
  }
  throw notSupported(`ALTER ${(cursor.peek()?.text ?? '').toUpperCase()}`);
}

function parseDrop(cursor: TokenCursor): Statement {
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
  if (object === 'user' || object === 'group' || object === 'role') {
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

function parseTruncate(cursor: TokenCursor): Statement {
  cursor.next();
  cursor.accept('table');
  const table = cursor.qualifiedName();
  cursor.expectEnd();
  return { kind: 'truncate', table };
}

function parseLock(cursor: TokenCursor): Statement {
  cursor.next();
  cursor.accept('table');
  const tables = [cursor.qualifiedName()];
  while (cursor.acceptSymbol(',')) tables.push(cursor.qualifiedName());
  cursor.expectEnd();
  return { kind: 'lock', tables };
}

/** BEGIN [WORK | TRANSACTION] [ISOLATION LEVEL …] [READ WRITE | READ ONLY]: the levels change nothing here. */
function parseBegin(cursor: TokenCursor): Statement {
  if (cursor.next().text === 'start') cursor.expect('transaction');
  else if (!cursor.accept('work')) cursor.accept('transaction');
  if (cursor.accept('isolation', 'level')) {
    if (
      !cursor.accept('serializable') &&
      !cursor.accept('snapshot') &&
      !cursor.accept('repeatable', 'read')
    ) {
      cursor.expect('read');
      if (!cursor.accept('committed')) cursor.expect('uncommitted');
    }
    cursor.acceptSymbol(',');
  }
  if (cursor.accept('read') && !cursor.accept('write')) cursor.expect('only');
  cursor.expectEnd();
  return { kind: 'begin' };
}

function parseEnd(cursor: TokenCursor, kind: 'commit' | 'rollback'): Statement {
  cursor.next();
  if (!cursor.accept('work')) cursor.accept('transaction');
  cursor.expectEnd();
  return { kind };
}

function parseSet(cursor: TokenCursor): Statement {
  cursor.next();
  if (cursor.accept('session', 'authorization') || cursor.accept('session', 'characteristics')) {
    throw notSupported(`SET SESSION ${cursor.peek(-1)?.text.toUpperCase()}`);
  }
  if (!cursor.accept('session')) cursor.accept('local');
  const name = cursor.accept('time', 'zone') ? 'timezone' : parseSettingName(cursor);
  if (name !== 'timezone' || cursor.isWord('to') || cursor.isSymbol('=')) {
    if (!cursor.accept('to')) cursor.expectSymbol('=');
  }
  if (cursor.accept('default')) {
    cursor.expectEnd();
    return { kind: 'set', name, value: undefined };
  }
  if (cursor.isAtEnd) throw cursor.syntaxError();
  const values: string[] = [];
  do {
    const sign = cursor.acceptSymbol('-') ? '-' : '';
    values.push(sign + cursor.next().text);
  } while (cursor.acceptSymbol(','));
  cursor.expectEnd();
  return { kind: 'set', name, value: values.join(', ') };
}

function parseSettingName(cursor: TokenCursor): string {
  let name = cursor.identifier();
  while (cursor.acceptSymbol('.')) name += `.${cursor.identifier()}`;
  return name;
}

function parseReset(cursor: TokenCursor): Statement {
  cursor.next();
  const name = cursor.identifier();
  cursor.expectEnd();
  return { kind: 'set', name, value: undefined };
}

function parseShow(cursor: TokenCursor): Statement {
  cursor.next();
  const name = parseSettingName(cursor);
  if (!cursor.isAtEnd) throw notSupported(cursor.sql.trim());
  return { kind: 'show', name };
}

function parseExplain(cursor: TokenCursor): Statement {
  cursor.next();
  cursor.accept('verbose');
  const sql = cursor.rest();
  if (sql === '') throw cursor.syntaxError();
  return { kind: 'explain', sql };
}

function parseMaintenance(cursor: TokenCursor, tag: 'ANALYZE' | 'VACUUM'): Statement {
  cursor.next();
  if (cursor.accept('compression')) throw notSupported('ANALYZE COMPRESSION');
  for (const words of [
    ['full'],
    ['sort', 'only'],
    ['delete', 'only'],
    ['reindex'],
    ['recluster'],
    ['verbose'],
  ]) {
    cursor.accept(...words);
  }
  const relations = cursor.isAtEnd || cursor.isWord('to') ? [] : [cursor.qualifiedName()];
  return { kind: 'accepted', tag, relations, notInTransaction: tag === 'VACUUM' };
}

function parseComment(cursor: TokenCursor): Statement {
  cursor.next();
  cursor.expect('on');
  const object = cursor.next().text;
  const parts = [cursor.identifier()];
  while (cursor.acceptSymbol('.')) parts.push(cursor.identifier());
  cursor.expect('is');
  if (!cursor.accept('null')) cursor.string();
  cursor.expectEnd();
  if (object === 'column') parts.pop();
  const name = parts.at(-1);
  const isRelation = ['table', 'view', 'column'].includes(object) && name !== undefined;
  const relations = isRelation ? [{ schema: parts.at(-2), name }] : [];
  return { kind: 'accepted', tag: 'COMMENT', relations, notInTransaction: false };
}

/** Rights are not kept: everybody may do everything here. The tables that are named must exist. */
function parseGrant(cursor: TokenCursor, tag: 'GRANT' | 'REVOKE'): Statement {
  cursor.next();
  const privileges = cursor.textUntil(
    (token) => token.kind === 'word' && ['on', 'to', 'from'].includes(token.text),
  );
  if (privileges === '') throw cursor.syntaxError();
  const relations: QualifiedName[] = [];
  if (cursor.accept('on')) {
    const other = ['schema', 'database', 'function', 'procedure', 'language', 'all', 'model', 'datashare'];
    if (other.some((word) => cursor.isWord(word))) {
      cursor.textUntil((token) => token.kind === 'word' && ['to', 'from'].includes(token.text));
    } else {
      cursor.accept('table');
      do relations.push(cursor.qualifiedName());
      while (cursor.acceptSymbol(','));
    }
  }
  cursor.expect(tag === 'GRANT' ? 'to' : 'from');
  if (cursor.isAtEnd) throw cursor.syntaxError();
  return { kind: 'accepted', tag, relations, notInTransaction: false };
}
