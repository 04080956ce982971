import { parseGrant } from '../privilege/parse-grant.ts';
import { RedshiftError } from '../redshift-error.ts';
import { notSupported } from './not-supported.ts';
import { parseComment, parseMaintenance } from './parse-accepted.ts';
import { parseBegin, parseEnd, parseLock, parseReset, parseSet, parseShow } from './parse-control.ts';
import { parseDelete, parseInsert, parseMerge, parseUpdate } from './parse-dml.ts';
import { parseAlter, parseCreate, parseDrop } from './parse-object.ts';
import type { CreateTableAs, Statement } from './statement.ts';
import { TokenCursor } from './token-cursor.ts';

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

function parseTruncate(cursor: TokenCursor): Statement {
  cursor.next();
  cursor.accept('table');
  const table = cursor.qualifiedName();
  cursor.expectEnd();
  return { kind: 'truncate', table };
}

function parseExplain(cursor: TokenCursor): Statement {
  cursor.next();
  cursor.accept('verbose');
  const sql = cursor.rest();
  if (sql === '') throw cursor.syntaxError();
  return { kind: 'explain', sql };
}
