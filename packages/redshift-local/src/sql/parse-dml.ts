import { RedshiftError } from '../redshift-error.ts';
import type { Assignment, Delete, Insert, Merge, Update } from './statement.ts';
import type { TokenCursor } from './token-cursor.ts';

/** Reads what follows INSERT. ON CONFLICT and RETURNING do not exist in Redshift. */
export function parseInsert(cursor: TokenCursor): Insert {
  cursor.expect('into');
  const table = cursor.qualifiedName();
  // A parenthesis here is a column list, unless a query begins in it.
  const isQuery = cursor.isWord('select', 1) || cursor.isWord('with', 1) || cursor.isSymbol('(', 1);
  const columns = cursor.isSymbol('(') && !isQuery ? cursor.identifierList() : undefined;
  const source = parseSource(cursor);
  return { kind: 'insert', table, columns, source };
}

function parseSource(cursor: TokenCursor): Insert['source'] {
  if (cursor.accept('default', 'values')) {
    cursor.expectEnd();
    return { kind: 'defaults' };
  }
  if (cursor.accept('values')) {
    const rows = [parseRow(cursor)];
    while (cursor.acceptSymbol(',')) rows.push(parseRow(cursor));
    cursor.expectEnd();
    const width = rows[0]?.length;
    if (rows.some((row) => row.length !== width)) {
      throw new RedshiftError('VALUES lists must all be the same length', { sqlState: '42601' });
    }
    return { kind: 'rows', rows };
  }
  if (!cursor.isWord('select') && !cursor.isWord('with') && !cursor.isSymbol('(')) throw cursor.syntaxError();
  const query = cursor.textUntil(
    (token, at) =>
      token.kind === 'word' &&
      (token.text === 'returning' ||
        (token.text === 'on' && at.isWord('conflict', 1) && !at.isSymbol('.', 2))),
  );
  cursor.expectEnd();
  return { kind: 'query', query };
}

/** `(expression, DEFAULT, …)`; DEFAULT is undefined. */
function parseRow(cursor: TokenCursor): (string | undefined)[] {
  cursor.expectSymbol('(');
  const values: (string | undefined)[] = [];
  do
    values.push(
      parseValue(cursor, (token) => token.kind === 'symbol' && (token.text === ',' || token.text === ')')),
    );
  while (cursor.acceptSymbol(','));
  cursor.expectSymbol(')');
  return values;
}

function parseValue(
  cursor: TokenCursor,
  isStop: Parameters<TokenCursor['textUntil']>[0],
): string | undefined {
  if (cursor.isWord('default')) {
    cursor.next();
    return undefined;
  }
  const text = cursor.textUntil(isStop);
  if (text === '') throw cursor.syntaxError();
  return text;
}

/** Reads what follows UPDATE. `prefix` is the WITH list that stood before it. */
export function parseUpdate(cursor: TokenCursor, prefix: string): Update {
  const table = cursor.qualifiedName();
  cursor.accept('as');
  const alias = cursor.isWord('set') ? undefined : cursor.identifier();
  cursor.expect('set');
  const assignments = parseAssignments(cursor, { stopWords: ['from', 'where', 'returning'] });
  const from = cursor.accept('from') ? textUntilWords(cursor, ['where', 'returning']) : undefined;
  const where = cursor.accept('where') ? textUntilWords(cursor, ['returning']) : undefined;
  cursor.expectEnd();
  return { kind: 'update', prefix, table, alias, assignments, from, where };
}

/** Reads what follows DELETE; FROM may be left out, as Redshift allows. */
export function parseDelete(cursor: TokenCursor, prefix: string): Delete {
  cursor.accept('from');
  const table = cursor.qualifiedName();
  let alias: string | undefined;
  if (cursor.accept('as')) alias = cursor.identifier();
  else if (!cursor.isAtEnd && !cursor.isWord('using') && !cursor.isWord('where')) alias = cursor.identifier();
  const using = cursor.accept('using') ? textUntilWords(cursor, ['where', 'returning']) : undefined;
  const where = cursor.accept('where') ? textUntilWords(cursor, ['returning']) : undefined;
  cursor.expectEnd();
  return { kind: 'delete', prefix, table, alias, using, where };
}

/**
 * Reads what follows MERGE: both WHEN clauses, one each, matched first, no conditions, no alias on the target; or
 * REMOVE DUPLICATES. Anything else is a syntax error in Redshift, although engines below would take it.
 */
export function parseMerge(cursor: TokenCursor): Merge {
  cursor.expect('into');
  const target = cursor.qualifiedName();
  cursor.expect('using');
  const source = parseMergeSource(cursor);
  let alias: string | undefined;
  if (cursor.accept('as')) alias = cursor.identifier();
  else if (!cursor.isWord('on')) alias = cursor.identifier();
  cursor.expect('on');
  const on = cursor.textUntil(
    (token, at) =>
      token.kind === 'word' && ((token.text === 'remove' && at.isWord('duplicates', 1)) || startsWhen(at)),
  );
  if (on === '') throw cursor.syntaxError();
  const head = { kind: 'merge', target, source, alias, on } as const;
  if (cursor.accept('remove', 'duplicates')) {
    cursor.expectEnd();
    return { ...head, action: { kind: 'remove-duplicates' } };
  }
  cursor.expect('when', 'matched', 'then');
  const matched = parseMatched(cursor);
  cursor.expect('when', 'not', 'matched', 'then', 'insert');
  const insertColumns = cursor.isSymbol('(') ? cursor.identifierList() : undefined;
  cursor.expect('values');
  const insertValues = parseRow(cursor);
  cursor.expectEnd();
  if (insertColumns !== undefined && insertColumns.length !== insertValues.length) {
    const more = insertColumns.length > insertValues.length;
    throw new RedshiftError(
      more
        ? 'INSERT has more target columns than expressions'
        : 'INSERT has more expressions than target columns',
      { sqlState: '42601' },
    );
  }
  return { ...head, action: { kind: 'clauses', matched, insertColumns, insertValues } };
}

/** CASE WHEN stands in conditions too: only WHEN [NOT] MATCHED ends one. */
function startsWhen(cursor: TokenCursor): boolean {
  return (
    cursor.isWord('when') &&
    (cursor.isWord('matched', 1) || (cursor.isWord('not', 1) && cursor.isWord('matched', 2)))
  );
}

function parseMergeSource(cursor: TokenCursor): string {
  const first = cursor.position;
  if (cursor.isSymbol('(')) {
    cursor.next();
    cursor.textUntil((token) => token.kind === 'symbol' && token.text === ')');
    cursor.expectSymbol(')');
  } else {
    cursor.qualifiedName();
  }
  return cursor.textBetween(first, cursor.position);
}

type Matched = Extract<Merge['action'], { kind: 'clauses' }>['matched'];

function parseMatched(cursor: TokenCursor): Matched {
  if (cursor.accept('delete')) return { kind: 'delete' };
  cursor.expect('update', 'set');
  return { kind: 'update', assignments: parseAssignments(cursor, { stopWords: ['when'] }) };
}

function parseAssignments(
  cursor: TokenCursor,
  { stopWords }: { stopWords: readonly string[] },
): Assignment[] {
  const assignments: Assignment[] = [];
  do {
    const column = cursor.identifier();
    cursor.expectSymbol('=');
    let caseDepth = 0;
    const valueText = parseValue(cursor, (token) => {
      if (token.kind === 'symbol') return token.text === ',';
      if (token.kind !== 'word') return false;
      if (token.text === 'case') caseDepth += 1;
      if (token.text === 'end') caseDepth -= 1;
      // CASE … WHEN inside a value is not the WHEN of MERGE; IS DISTINCT FROM is not the FROM of UPDATE.
      return caseDepth === 0 && stopWords.includes(token.text) && !isDistinctFrom(cursor);
    });
    assignments.push({ column, valueText });
  } while (cursor.acceptSymbol(','));
  return assignments;
}

function isDistinctFrom(cursor: TokenCursor): boolean {
  return cursor.isWord('from') && cursor.isWord('distinct', -1);
}

function textUntilWords(cursor: TokenCursor, words: readonly string[]): string {
  const text = cursor.textUntil((token) => token.kind === 'word' && words.includes(token.text));
  if (text === '') throw cursor.syntaxError();
  return text;
}
