import type { RedshiftType } from '../catalog/table-info.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { TokenCursor } from './token-cursor.ts';

/** Bytes. VARCHAR(MAX) is this long, and nothing is longer. */
export const MAX_VARCHAR_BYTES = 65_535;
/** Bytes. */
export const MAX_CHAR_BYTES = 4_096;
const DEFAULT_VARCHAR_BYTES = 256;
const MAX_NUMERIC_PRECISION = 38;
const MAX_NUMERIC_SCALE = 37;

const SIMPLE_TYPES: ReadonlyMap<string, RedshiftType> = new Map<string, RedshiftType>([
  ['smallint', { name: 'smallint' }],
  ['int2', { name: 'smallint' }],
  ['integer', { name: 'integer' }],
  ['int', { name: 'integer' }],
  ['int4', { name: 'integer' }],
  ['bigint', { name: 'bigint' }],
  ['int8', { name: 'bigint' }],
  ['real', { name: 'real' }],
  ['float4', { name: 'real' }],
  ['float8', { name: 'double precision' }],
  ['boolean', { name: 'boolean' }],
  ['bool', { name: 'boolean' }],
  ['date', { name: 'date' }],
  ['timetz', { name: 'timetz' }],
  ['timestamptz', { name: 'timestamptz' }],
  ['super', { name: 'super' }],
  ['geometry', { name: 'geometry' }],
  ['geography', { name: 'geometry' }],
  ['hllsketch', { name: 'hllsketch' }],
]);

/** Types of PostgreSQL that Redshift knows by name and refuses in a table. */
const UNSUPPORTED_TYPES: ReadonlySet<string> = new Set(
  'uuid json jsonb bytea money bit xml inet cidr macaddr point line box path polygon circle tsvector tsquery serial bigserial smallserial oid interval'.split(
    ' ',
  ),
);

/**
 * Reads a type as Redshift's DDL and casts write it, aliases resolved and lengths checked.
 *
 * @param column names the column in errors: `table.column`.
 * @throws RedshiftError for types that Redshift does not have (arrays, UUID, JSONB …) and for lengths out of range.
 */
export function parseType(cursor: TokenCursor, column: string): RedshiftType {
  const type = parseScalarType(cursor, column);
  if (cursor.isSymbol('[')) throw unsupportedType(column, `${type.name}[]`);
  return type;
}

function parseScalarType(cursor: TokenCursor, column: string): RedshiftType {
  const word = cursor.identifier();
  const simple = SIMPLE_TYPES.get(word);
  if (simple !== undefined) return simple;
  switch (word) {
    case 'double':
      cursor.expect('precision');
      return { name: 'double precision' };
    case 'float':
      return parseFloatType(cursor);
    case 'decimal':
    case 'numeric':
      return parseNumeric(cursor);
    case 'char':
    case 'character':
    case 'nchar':
      if (cursor.accept('varying')) return parseVarchar(cursor, DEFAULT_VARCHAR_BYTES);
      return { name: 'char', length: parseLength(cursor, 'char', { byDefault: 1, max: MAX_CHAR_BYTES }) };
    case 'bpchar':
      return { name: 'char', length: parseLength(cursor, 'char', { byDefault: 256, max: MAX_CHAR_BYTES }) };
    case 'varchar':
    case 'nvarchar':
    case 'text':
      return parseVarchar(cursor, DEFAULT_VARCHAR_BYTES);
    case 'time':
    case 'timestamp':
      return parseTime(cursor, word);
    case 'varbyte':
    case 'varbinary':
    case 'binary':
      if (word === 'binary') cursor.expect('varying');
      parseLength(cursor, 'varbyte', { byDefault: 64_000, max: 16_777_216 });
      return { name: 'varbyte' };
    default:
      if (UNSUPPORTED_TYPES.has(word)) throw unsupportedType(column, word);
      throw new RedshiftError(`type "${word}" does not exist`, { sqlState: '42704' });
  }
}

function parseFloatType(cursor: TokenCursor): RedshiftType {
  if (!cursor.acceptSymbol('(')) return { name: 'double precision' };
  const bits = cursor.integer();
  cursor.expectSymbol(')');
  return { name: bits < 25 ? 'real' : 'double precision' };
}

function parseNumeric(cursor: TokenCursor): RedshiftType {
  let precision = 18;
  let scale = 0;
  if (cursor.acceptSymbol('(')) {
    precision = cursor.integer();
    if (cursor.acceptSymbol(',')) scale = cursor.integer();
    cursor.expectSymbol(')');
  }
  if (precision < 1 || precision > MAX_NUMERIC_PRECISION) {
    throw invalidLength(`DECIMAL precision ${precision} must be between 1 and ${MAX_NUMERIC_PRECISION}`);
  }
  if (scale < 0 || scale > Math.min(precision, MAX_NUMERIC_SCALE)) {
    throw invalidLength(`DECIMAL scale ${scale} must be between 0 and precision ${precision}`);
  }
  return { name: 'numeric', precision, scale };
}

function parseVarchar(cursor: TokenCursor, byDefault: number): RedshiftType {
  return { name: 'varchar', length: parseLength(cursor, 'varchar', { byDefault, max: MAX_VARCHAR_BYTES }) };
}

function parseLength(cursor: TokenCursor, type: string, limits: { byDefault: number; max: number }): number {
  if (!cursor.acceptSymbol('(')) return limits.byDefault;
  const length = cursor.accept('max') ? limits.max : cursor.integer();
  cursor.expectSymbol(')');
  if (length < 1) throw invalidLength(`length for type ${type} must be at least 1`);
  if (length > limits.max) throw invalidLength(`length for type ${type} cannot exceed ${limits.max}`);
  return length;
}

function parseTime(cursor: TokenCursor, word: 'time' | 'timestamp'): RedshiftType {
  if (cursor.acceptSymbol('(')) {
    cursor.integer();
    cursor.expectSymbol(')');
  }
  if (cursor.accept('with', 'time', 'zone')) return { name: word === 'time' ? 'timetz' : 'timestamptz' };
  cursor.accept('without', 'time', 'zone');
  return { name: word };
}

function unsupportedType(column: string, type: string): RedshiftError {
  return new RedshiftError(`Column "${column}" has unsupported type "${type}"`, { sqlState: '0A000' });
}

function invalidLength(message: string): RedshiftError {
  return new RedshiftError(message, { sqlState: '22023' });
}
