import { notSupported } from './not-supported.ts';
import type { Statement } from './statement.ts';
import type { TokenCursor } from './token-cursor.ts';

export function parseLock(cursor: TokenCursor): Statement {
  cursor.next();
  cursor.accept('table');
  const tables = [cursor.qualifiedName()];
  while (cursor.acceptSymbol(',')) tables.push(cursor.qualifiedName());
  cursor.expectEnd();
  return { kind: 'lock', tables };
}

/** BEGIN [WORK | TRANSACTION] [ISOLATION LEVEL …] [READ WRITE | READ ONLY]: the levels change nothing here. */
export function parseBegin(cursor: TokenCursor): Statement {
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

export function parseEnd(cursor: TokenCursor, kind: 'commit' | 'rollback'): Statement {
  cursor.next();
  if (!cursor.accept('work')) cursor.accept('transaction');
  cursor.expectEnd();
  return { kind };
}

export function parseSet(cursor: TokenCursor): Statement {
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

export function parseReset(cursor: TokenCursor): Statement {
  cursor.next();
  const name = cursor.identifier();
  cursor.expectEnd();
  return { kind: 'set', name, value: undefined };
}

export function parseShow(cursor: TokenCursor): Statement {
  cursor.next();
  const name = parseSettingName(cursor);
  if (!cursor.isAtEnd) throw notSupported(cursor.sql.trim());
  return { kind: 'show', name };
}
