import { notSupported } from './not-supported.ts';
import type { Statement } from './statement.ts';
import type { TokenCursor } from './token-cursor.ts';

export function parseMaintenance(cursor: TokenCursor, tag: 'ANALYZE' | 'VACUUM'): Statement {
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

export function parseComment(cursor: TokenCursor): Statement {
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
