import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { MAX_VARCHAR_BYTES, parseType } from '../sql/parse-type.ts';
import { type QualifiedName, TokenCursor } from '../sql/token-cursor.ts';
import type { TableDefinition } from './table-definition.ts';
import type { RedshiftType } from './table-info.ts';

/** A column of a query's result. */
export interface QueryColumn {
  readonly name: string;
  readonly duckType: DuckDBType;
}

/**
 * The Redshift types of a query's columns, for CREATE TABLE AS.
 *
 * DuckDB forgets the lengths of strings, and Redshift carries them through: a staging table made by CTAS refuses what
 * its model refuses. So the select list is read as well: columns, `*` and casts keep the type they were declared with, a
 * literal is as long as it is; any other string becomes varchar(65535).
 */
export function queryColumnTypes(
  query: string,
  columns: readonly QueryColumn[],
  findTable: (name: QualifiedName) => TableDefinition | undefined,
): RedshiftType[] {
  const declared = readSelectList(query, findTable);
  const isReadable = declared !== undefined && declared.length === columns.length;
  return columns.map(({ duckType }, at) => {
    const type = isReadable ? declared[at] : undefined;
    return type ?? toRedshiftType(duckType);
  });
}

/**
 * The types of a query's columns, one per column and undefined where nothing is known, told from its text alone;
 * undefined as a whole when the text does not tell how many there are. With a `*` only DuckDB knows: a join by USING
 * has fewer columns than its tables.
 */
export function listedColumnTypes(
  query: string,
  findTable: (name: QualifiedName) => TableDefinition | undefined,
): readonly (RedshiftType | undefined)[] | undefined {
  const hasStar = new TokenCursor(query).tokens.some(({ kind, text }) => kind === 'symbol' && text === '*');
  return hasStar ? undefined : readSelectList(query, findTable);
}

type Source = { readonly alias: string; readonly table: TableDefinition };

/** One type per column, undefined where the list does not tell; undefined as a whole when it cannot be read. */
function readSelectList(
  query: string,
  findTable: (name: QualifiedName) => TableDefinition | undefined,
): (RedshiftType | undefined)[] | undefined {
  const cursor = new TokenCursor(query);
  if (!cursor.accept('select')) return undefined;
  const isSimple = !cursor.tokens.some(
    ({ kind, text }) => kind === 'word' && ['union', 'intersect', 'except', 'minus'].includes(text),
  );
  if (!isSimple) return undefined;
  if (!cursor.accept('distinct')) cursor.accept('all');
  const items: TokenCursor[] = [];
  do {
    const text = cursor.textUntil(({ kind, text: word }) =>
      kind === 'symbol' ? word === ',' : kind === 'word' && word === 'from',
    );
    if (text === '') return undefined;
    items.push(new TokenCursor(text));
  } while (cursor.acceptSymbol(','));
  const sources = cursor.accept('from') ? readSources(cursor, findTable) : [];
  if (sources === undefined) return undefined;
  const types: (RedshiftType | undefined)[] = [];
  for (const item of items) {
    const star = readStar(item);
    if (star === undefined) types.push(readItem(item, sources));
    else
      for (const { alias, table } of sources) {
        if (star === '' || star === alias) types.push(...table.columns.map(({ type }) => type));
      }
  }
  return types;
}

/** The tables of a FROM clause; undefined when one of them is not a table of the catalog. */
function readSources(
  cursor: TokenCursor,
  findTable: (name: QualifiedName) => TableDefinition | undefined,
): Source[] | undefined {
  const sources: Source[] = [];
  do {
    if (cursor.isSymbol('(')) return undefined;
    const name = cursor.qualifiedName();
    const table = findTable(name);
    if (table === undefined) return undefined;
    const hasAlias = cursor.accept('as') || (isNameToken(cursor) && !isClauseWord(cursor));
    sources.push({ alias: hasAlias ? cursor.identifier() : name.name, table });
    cursor.textUntil(({ kind, text }) =>
      kind === 'symbol' ? text === ',' : kind === 'word' && (text === 'join' || END_OF_FROM.has(text)),
    );
  } while (cursor.acceptSymbol(',') || cursor.accept('join'));
  return sources;
}

const END_OF_FROM: ReadonlySet<string> = new Set([
  'where',
  'group',
  'having',
  'order',
  'limit',
  'qualify',
  'offset',
]);
const JOIN_WORDS: ReadonlySet<string> = new Set([
  'join',
  'inner',
  'left',
  'right',
  'full',
  'cross',
  'natural',
  'on',
  'using',
]);

function isNameToken(cursor: TokenCursor): boolean {
  const kind = cursor.peek()?.kind;
  return kind === 'word' || kind === 'quoted';
}

function isClauseWord(cursor: TokenCursor): boolean {
  const token = cursor.peek();
  return token?.kind === 'word' && (END_OF_FROM.has(token.text) || JOIN_WORDS.has(token.text));
}

/** `*` gives '', `t.*` the alias, anything else undefined. */
function readStar(item: TokenCursor): string | undefined {
  const last = item.tokens.at(-1);
  if (last?.kind !== 'symbol' || last.text !== '*') return undefined;
  if (item.tokens.length === 1) return '';
  return item.isSymbol('.', item.tokens.length - 2) ? item.tokens.at(-3)?.text : undefined;
}

/** `column`, `t.column`, `CAST(x AS type)`, `x::type` or a literal, each with or without an alias. */
function readItem(item: TokenCursor, sources: readonly Source[]): RedshiftType | undefined {
  const { tokens } = item;
  const isSymbolAt = (at: number, text: string): boolean =>
    tokens[at]?.kind === 'symbol' && tokens[at]?.text === text;
  if (item.isWord('cast') && isSymbolAt(1, '(')) {
    item.next();
    item.next();
    item.textUntil(({ kind, text }) => kind === 'word' && text === 'as');
    const type = readType(item, 1);
    return type !== undefined && item.acceptSymbol(')') && isAliasOrEnd(item) ? type : undefined;
  }
  const cast = tokens.findLastIndex(({ kind, text }) => kind === 'symbol' && text === '::');
  if (cast >= 0) {
    while (item.position < cast) item.next();
    const type = readType(item, 1);
    return isAliasOrEnd(item) ? type : undefined;
  }
  if (tokens[0]?.kind === 'string') {
    const { text } = item.next();
    return isAliasOrEnd(item) ? { name: 'varchar', length: Math.max(1, Buffer.byteLength(text)) } : undefined;
  }
  if (!isNameToken(item)) return undefined;
  const parts = [item.identifier()];
  while (item.acceptSymbol('.')) parts.push(item.identifier());
  if (!isAliasOrEnd(item)) return undefined;
  const column = parts.at(-1);
  const qualifier = parts.at(-2);
  const owners = sources.filter(({ alias }) => qualifier === undefined || alias === qualifier);
  const types = owners.flatMap(({ table }) => table.columns.filter(({ name }) => name === column));
  return types.length === 1 ? types[0]?.type : undefined;
}

function readType(item: TokenCursor, skip: number): RedshiftType | undefined {
  for (let at = 0; at < skip; at += 1) item.next();
  return parseType(item, 'cast');
}

function isAliasOrEnd(item: TokenCursor): boolean {
  if (item.isAtEnd) return true;
  item.accept('as');
  if (!isNameToken(item)) return false;
  item.next();
  return item.isAtEnd;
}

/** What a value of a DuckDB type would be in Redshift, when nothing else is known of it. */
export function toRedshiftType(type: DuckDBType): RedshiftType {
  if (type.alias === 'JSON') return { name: 'super' };
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return { name: 'boolean' };
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
      return { name: 'smallint' };
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
      return { name: 'integer' };
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return { name: 'bigint' };
    case DuckDBTypeId.FLOAT:
      return { name: 'real' };
    case DuckDBTypeId.DOUBLE:
      return { name: 'double precision' };
    case DuckDBTypeId.DECIMAL:
      if ('width' in type && 'scale' in type) {
        return { name: 'numeric', precision: Number(type.width), scale: Number(type.scale) };
      }
      return { name: 'numeric', precision: 18, scale: 0 };
    case DuckDBTypeId.DATE:
      return { name: 'date' };
    case DuckDBTypeId.TIME:
      return { name: 'time' };
    case DuckDBTypeId.TIME_TZ:
      return { name: 'timetz' };
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return { name: 'timestamp' };
    case DuckDBTypeId.TIMESTAMP_TZ:
      return { name: 'timestamptz' };
    case DuckDBTypeId.BLOB:
      return { name: 'varbyte' };
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
    case DuckDBTypeId.STRUCT:
    case DuckDBTypeId.MAP:
      return { name: 'super' };
    default:
      return { name: 'varchar', length: MAX_VARCHAR_BYTES };
  }
}
