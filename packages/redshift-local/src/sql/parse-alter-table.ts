import { RedshiftError } from '../redshift-error.ts';
import { parseColumn, parseDistStyle } from './parse-create-table.ts';
import { parseType } from './parse-type.ts';
import type { AlterAction, AlterTable } from './statement.ts';
import type { TokenCursor } from './token-cursor.ts';

/** Reads what follows ALTER TABLE. One action per statement: that is Redshift's rule too. */
export function parseAlterTable(cursor: TokenCursor): AlterTable {
  const name = cursor.qualifiedName();
  const action = parseAction(cursor, name.name);
  cursor.expectEnd();
  return { kind: 'alter-table', name, action };
}

function parseAction(cursor: TokenCursor, table: string): AlterAction {
  if (cursor.accept('add')) return parseAdd(cursor, table);
  if (cursor.accept('drop')) return parseDrop(cursor);
  if (cursor.accept('rename')) return parseRename(cursor);
  if (cursor.accept('append')) {
    cursor.expect('from');
    const from = cursor.qualifiedName();
    if (!cursor.accept('ignoreextra')) cursor.accept('filltarget');
    return { kind: 'append', from };
  }
  if (cursor.accept('owner', 'to')) {
    return { kind: 'owner', owner: cursor.identifier() };
  }
  cursor.expect('alter');
  return parseAlter(cursor, table);
}

function parseAdd(cursor: TokenCursor, table: string): AlterAction {
  if (
    cursor.isWord('constraint') ||
    cursor.isWord('primary') ||
    cursor.isWord('foreign') ||
    cursor.isWord('unique')
  ) {
    return parseAddConstraint(cursor);
  }
  cursor.accept('column');
  const column = parseColumn(cursor, table);
  if (column.identity !== undefined) {
    throw new RedshiftError('ALTER TABLE ADD COLUMN does not support columns with IDENTITY', {
      sqlState: '0A000',
    });
  }
  if (!column.isNullable && column.defaultText === undefined) {
    throw new RedshiftError(
      'ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression',
      {
        sqlState: '0A000',
      },
    );
  }
  return { kind: 'add-column', column };
}

/** Informational: PRIMARY KEY columns are remembered, the rest is only read. */
function parseAddConstraint(cursor: TokenCursor): AlterAction {
  if (cursor.accept('constraint')) cursor.identifier();
  if (cursor.accept('primary', 'key')) {
    return { kind: 'attributes', attributes: { primaryKey: cursor.identifierList() } };
  }
  if (cursor.accept('unique')) {
    cursor.identifierList();
  } else {
    cursor.expect('foreign', 'key');
    cursor.identifierList();
    cursor.expect('references');
    cursor.qualifiedName();
    if (cursor.isSymbol('(')) cursor.identifierList();
  }
  return { kind: 'attributes', attributes: {} };
}

function parseDrop(cursor: TokenCursor): AlterAction {
  if (cursor.accept('constraint')) {
    cursor.identifier();
    if (!cursor.accept('cascade')) cursor.accept('restrict');
    return { kind: 'attributes', attributes: {} };
  }
  cursor.accept('column');
  const column = cursor.identifier();
  const isCascade = cursor.accept('cascade');
  if (!isCascade) cursor.accept('restrict');
  return { kind: 'drop-column', column, isCascade };
}

function parseRename(cursor: TokenCursor): AlterAction {
  if (cursor.accept('to')) return { kind: 'rename-table', to: cursor.identifier() };
  cursor.accept('column');
  const column = cursor.identifier();
  cursor.expect('to');
  return { kind: 'rename-column', column, to: cursor.identifier() };
}

function parseAlter(cursor: TokenCursor, table: string): AlterAction {
  if (cursor.accept('distkey')) {
    return { kind: 'attributes', attributes: { distKey: cursor.identifier(), distStyle: 'key' } };
  }
  if (cursor.accept('diststyle')) {
    const distStyle = parseDistStyle(cursor);
    if (distStyle !== 'key') return { kind: 'attributes', attributes: { distStyle } };
    cursor.expect('distkey');
    return { kind: 'attributes', attributes: { distKey: cursor.identifier(), distStyle } };
  }
  if (cursor.isWord('sortkey') || cursor.isWord('compound')) {
    cursor.accept('compound');
    cursor.expect('sortkey');
    if (cursor.accept('auto') || cursor.accept('none'))
      return { kind: 'attributes', attributes: { sortKeys: [] } };
    return { kind: 'attributes', attributes: { sortKeys: cursor.identifierList() } };
  }
  if (cursor.accept('encode', 'auto')) return { kind: 'attributes', attributes: {} };
  cursor.accept('column');
  const column = cursor.identifier();
  if (cursor.accept('encode')) {
    cursor.identifier();
    return { kind: 'attributes', attributes: {} };
  }
  cursor.expect('type');
  return { kind: 'alter-type', column, type: parseType(cursor, `${table}.${column}`) };
}
