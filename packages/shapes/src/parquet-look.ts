import type { ColumnShape, ColumnType, FileLook, ValueKind } from '@millrace/core';
import type { SchemaTree } from 'hyparquet';
import type { ParquetFile } from './parquet-file.ts';

/** Looks at a Parquet file: its types are in its footer; for the lengths of its texts these are read. */
export async function lookAtParquet(file: ParquetFile): Promise<FileLook> {
  const names = file.columns.map(({ element }) => element.name.toLowerCase());
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) {
    return {
      kind: 'unreadable',
      reason: `it has two columns '${twice}', whose names differ in case alone`,
      hint: 'give one of them another name',
    };
  }
  const texts = file.columns
    .filter((column) => declaredType(column).kind === 'text')
    .map(({ element }) => element.name);
  const longest = new Map<string, number>();
  if (texts.length > 0) {
    for await (const rows of file.rows(texts)) {
      for (const row of rows) {
        for (const name of texts) {
          const value = row[name];
          const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
          if (bytes > (longest.get(name) ?? 0)) longest.set(name, bytes);
        }
      }
    }
  }
  return {
    kind: 'shape',
    columns: file.columns.map((column) => shapeOf(column, longest.get(column.element.name) ?? 0)),
  };
}

function shapeOf(column: SchemaTree, maxBytes: number): ColumnShape {
  const declared = declaredType(column);
  const digits = digitsOf(declared);
  return {
    name: column.element.name.toLowerCase(),
    kinds: [kindOf(declared)],
    maxBytes,
    wholeDigits: digits.whole,
    scale: digits.scale,
    digits: digits.whole + digits.scale,
    declared,
  };
}

/** The type of a column as the footer says it: COPY takes no other for it. */
export function declaredType({ element, children }: SchemaTree): ColumnType {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (children.length > 0 || element.repetition_type === 'REPEATED') return { kind: 'json' };
  const { precision = 38, scale = 0 } = element;
  if (logical?.type === 'DECIMAL')
    return { kind: 'decimal', precision: logical.precision, scale: logical.scale };
  if (converted === 'DECIMAL') return { kind: 'decimal', precision, scale };
  if (logical?.type === 'DATE' || converted === 'DATE') return { kind: 'date' };
  if (logical?.type === 'TIMESTAMP' || converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS') {
    return { kind: 'timestamp' };
  }
  switch (type) {
    case 'BOOLEAN':
      return { kind: 'boolean' };
    case 'INT32': {
      const isSmall =
        (logical?.type === 'INTEGER' && logical.bitWidth <= 16) ||
        converted === 'INT_16' ||
        converted === 'INT_8';
      return { kind: isSmall ? 'smallint' : 'integer' };
    }
    case 'INT64':
      return { kind: 'bigint' };
    case 'INT96':
      return { kind: 'timestamp' };
    case 'FLOAT':
      return { kind: 'real' };
    case 'DOUBLE':
      return { kind: 'double' };
    default:
      return { kind: 'text', bytes: 0 };
  }
}

const WHOLE_DIGITS: Readonly<Record<string, number>> = { smallint: 4, integer: 9, bigint: 18 };

function digitsOf(type: ColumnType): { whole: number; scale: number } {
  if (type.kind === 'decimal') return { whole: type.precision - type.scale, scale: type.scale };
  return { whole: WHOLE_DIGITS[type.kind] ?? 0, scale: 0 };
}

function kindOf({ kind }: ColumnType): ValueKind {
  switch (kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return 'integer';
    case 'real':
      return 'double';
    default:
      return kind;
  }
}
