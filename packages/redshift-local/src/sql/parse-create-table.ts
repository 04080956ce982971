import type { TableAttributes } from '../catalog/table-definition.ts';
import { RedshiftError } from '../redshift-error.ts';
import { parseType } from './parse-type.ts';
import type { ColumnDeclaration, CreateTable, CreateTableAs, LikeClause } from './statement.ts';
import type { QualifiedName, TokenCursor } from './token-cursor.ts';

/** More columns than this no table has. */
const MAX_COLUMNS = 1_600;

/** Words that end a DEFAULT expression inside a column's declaration. */
const COLUMN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'identity',
  'generated',
  'not',
  'null',
  'encode',
  'distkey',
  'sortkey',
  'primary',
  'unique',
  'references',
  'collate',
  'default',
]);

/** Collects DISTKEY, SORTKEY and PRIMARY KEY from where they may stand: at a column or behind the table. */
class AttributeCollector {
  distStyle: TableAttributes['distStyle'];
  distKey: string | undefined;
  readonly sortKeys: string[] = [];
  readonly primaryKey: string[] = [];

  finish(columnNames: readonly string[]): TableAttributes {
    for (const key of [
      ...this.sortKeys,
      ...this.primaryKey,
      ...(this.distKey === undefined ? [] : [this.distKey]),
    ]) {
      if (!columnNames.includes(key)) {
        throw new RedshiftError(`column "${key}" named in key does not exist`, { sqlState: '42703' });
      }
    }
    if (this.distKey !== undefined && this.distStyle !== undefined && this.distStyle !== 'key') {
      throw new RedshiftError(`DISTKEY cannot be specified with DISTSTYLE ${this.distStyle.toUpperCase()}`, {
        sqlState: '42601',
      });
    }
    if (this.distStyle === 'key' && this.distKey === undefined) {
      throw new RedshiftError('DISTKEY column must be specified with DISTSTYLE KEY', { sqlState: '42601' });
    }
    return {
      ...(this.distStyle === undefined ? {} : { distStyle: this.distStyle }),
      ...(this.distKey === undefined ? {} : { distKey: this.distKey }),
      sortKeys: this.sortKeys,
      primaryKey: this.primaryKey,
    };
  }
}

/** Reads what follows CREATE [TEMP] TABLE: a definition, LIKE, or CTAS. */
export function parseCreateTable(cursor: TokenCursor, isTemporary: boolean): CreateTable | CreateTableAs {
  const ifNotExists = cursor.accept('if', 'not', 'exists');
  const name = cursor.qualifiedName();
  const head = { name, ifNotExists, isTemporary: isTemporary || name.name.startsWith('#') };
  if (head.isTemporary && name.schema !== undefined) {
    throw new RedshiftError('cannot create temporary relation in non-temporary schema', {
      sqlState: '42P16',
    });
  }
  const collector = new AttributeCollector();
  if (!cursor.isSymbol('(') || isColumnNameList(cursor)) return parseTableAs(cursor, head, collector);
  const elements = parseElements(cursor, name, collector);
  parseTableAttributes(cursor, collector);
  cursor.expectEnd();
  const names = elements.flatMap((element) => (element.kind === 'column' ? [element.name] : []));
  const hasLike = elements.some(({ kind }) => kind === 'like');
  const attributes = collector.finish(
    hasLike ? [...names, ...collector.sortKeys, collector.distKey ?? ''] : names,
  );
  if (names.length > MAX_COLUMNS) {
    throw new RedshiftError(`tables can have at most ${MAX_COLUMNS} columns`, { sqlState: '54011' });
  }
  const twice = names.find((column, index) => names.indexOf(column) !== index);
  if (twice !== undefined)
    throw new RedshiftError(`column "${twice}" specified more than once`, { sqlState: '42701' });
  return { kind: 'create-table', ...head, elements, attributes };
}

/** `(a, b)` before AS: names without types, so the token after the first name is `,` or `)`. */
function isColumnNameList(cursor: TokenCursor): boolean {
  return cursor.isSymbol(',', 2) || cursor.isSymbol(')', 2);
}

function parseTableAs(
  cursor: TokenCursor,
  head: { name: QualifiedName; ifNotExists: boolean; isTemporary: boolean },
  collector: AttributeCollector,
): CreateTableAs {
  const columns = cursor.isSymbol('(') ? cursor.identifierList() : undefined;
  parseTableAttributes(cursor, collector);
  cursor.expect('as');
  const query = cursor.rest();
  if (query === '') throw cursor.syntaxError();
  const { sortKeys, distKey } = collector;
  const attributes = collector.finish(columns ?? [...sortKeys, ...(distKey === undefined ? [] : [distKey])]);
  return { kind: 'create-table-as', ...head, columns, attributes, query };
}

function parseElements(
  cursor: TokenCursor,
  table: QualifiedName,
  collector: AttributeCollector,
): (ColumnDeclaration | LikeClause)[] {
  const elements: (ColumnDeclaration | LikeClause)[] = [];
  cursor.expectSymbol('(');
  do {
    if (cursor.accept('like')) {
      const parent = cursor.qualifiedName();
      const includingDefaults = cursor.accept('including', 'defaults');
      if (!includingDefaults) cursor.accept('excluding', 'defaults');
      elements.push({ kind: 'like', parent, includingDefaults });
    } else if (!acceptTableConstraint(cursor, collector)) {
      elements.push(parseColumn(cursor, table.name, collector));
    }
  } while (cursor.acceptSymbol(','));
  cursor.expectSymbol(')');
  return elements;
}

/** PRIMARY KEY, UNIQUE and FOREIGN KEY: informational in Redshift, not enforced. CHECK and EXCLUDE do not exist. */
function acceptTableConstraint(cursor: TokenCursor, collector: AttributeCollector): boolean {
  if (cursor.isWord('constraint') && !cursor.isSymbol('(', 1)) {
    cursor.next();
    cursor.identifier();
  }
  if (cursor.accept('primary', 'key')) {
    collector.primaryKey.push(...cursor.identifierList());
    return true;
  }
  if (cursor.isWord('unique') && cursor.isSymbol('(', 1)) {
    cursor.next();
    cursor.identifierList();
    return true;
  }
  if (cursor.accept('foreign', 'key')) {
    cursor.identifierList();
    cursor.expect('references');
    parseReference(cursor);
    return true;
  }
  if (cursor.isWord('check') && cursor.isSymbol('(', 1)) {
    throw new RedshiftError('CHECK constraints are not supported', { sqlState: '0A000' });
  }
  return false;
}

function parseReference(cursor: TokenCursor): void {
  cursor.qualifiedName();
  if (cursor.isSymbol('(')) cursor.identifierList();
}

/** A column with its attributes, as CREATE TABLE and ADD COLUMN write it. */
export function parseColumn(
  cursor: TokenCursor,
  table: string,
  collector: AttributeCollector = new AttributeCollector(),
): ColumnDeclaration {
  const name = cursor.identifier();
  const type = parseType(cursor, `${table}.${name}`);
  let isNullable = true;
  let defaultText: string | undefined;
  let identity: ColumnDeclaration['identity'];
  for (;;) {
    if (cursor.accept('default')) {
      // The first token always belongs to the expression: DEFAULT NULL.
      const first = cursor.position;
      cursor.textUntil((token, { position }) => {
        if (token.kind === 'symbol') return token.text === ',' || token.text === ')';
        return token.kind === 'word' && position > first && COLUMN_ATTRIBUTES.has(token.text);
      });
      defaultText = cursor.textBetween(first, cursor.position);
      if (defaultText === '') throw cursor.syntaxError();
    } else if (cursor.accept('identity')) {
      identity = { kind: 'always', ...parseSeedAndStep(cursor) };
    } else if (cursor.accept('generated', 'by', 'default', 'as', 'identity')) {
      identity = { kind: 'by-default', ...parseSeedAndStep(cursor) };
    } else if (cursor.accept('not', 'null')) {
      isNullable = false;
    } else if (cursor.accept('null')) {
      isNullable = true;
    } else if (cursor.accept('encode')) {
      cursor.identifier();
    } else if (cursor.accept('distkey')) {
      collector.distKey = name;
    } else if (cursor.accept('sortkey')) {
      collector.sortKeys.push(name);
    } else if (cursor.accept('primary', 'key')) {
      collector.primaryKey.push(name);
      isNullable = false;
    } else if (cursor.accept('unique')) {
    } else if (cursor.accept('references')) {
      parseReference(cursor);
    } else if (cursor.accept('collate')) {
      cursor.identifier();
    } else {
      break;
    }
  }
  if (identity !== undefined) {
    if (!['smallint', 'integer', 'bigint'].includes(type.name)) {
      throw new RedshiftError(`identity column type must be INT or BIGINT for column "${name}"`, {
        sqlState: '42804',
      });
    }
    isNullable = false;
  }
  return {
    kind: 'column',
    name,
    type,
    isNullable,
    ...(defaultText === undefined ? {} : { defaultText }),
    ...(identity === undefined ? {} : { identity }),
  };
}

function parseSeedAndStep(cursor: TokenCursor): { seed: number; step: number } {
  if (!cursor.acceptSymbol('(')) return { seed: 1, step: 1 };
  const seed = cursor.integer();
  cursor.expectSymbol(',');
  const step = cursor.integer();
  cursor.expectSymbol(')');
  if (step === 0) throw new RedshiftError('identity step must not be zero', { sqlState: '22023' });
  return { seed, step };
}

function parseTableAttributes(cursor: TokenCursor, collector: AttributeCollector): void {
  for (;;) {
    if (cursor.accept('backup')) {
      if (!cursor.accept('yes')) cursor.expect('no');
    } else if (cursor.accept('diststyle')) {
      collector.distStyle = parseDistStyle(cursor);
    } else if (cursor.accept('distkey')) {
      collector.distKey = cursor.isSymbol('(') ? cursor.identifierList()[0] : cursor.identifier();
    } else if (cursor.isWord('compound') || cursor.isWord('interleaved') || cursor.isWord('sortkey')) {
      if (!cursor.accept('compound')) cursor.accept('interleaved');
      cursor.expect('sortkey');
      if (!cursor.accept('auto')) collector.sortKeys.push(...cursor.identifierList());
    } else if (cursor.accept('encode', 'auto')) {
    } else {
      return;
    }
  }
}

export function parseDistStyle(cursor: TokenCursor): 'auto' | 'even' | 'key' | 'all' {
  for (const style of ['auto', 'even', 'key', 'all'] as const) if (cursor.accept(style)) return style;
  throw cursor.syntaxError();
}
