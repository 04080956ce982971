import type { ColumnShape, ValueKind } from '../ports/file-shapes.ts';
import { type ColumnType, MAX_TEXT_BYTES } from './column-type.ts';

/** A column that began with short values, or with none, gets room for what comes next. */
const MIN_TEXT_BYTES = 16;
/** Digits that BIGINT takes whatever they are. */
const BIGINT_DIGITS = 18;
const DECIMAL_DIGITS = 38;
/** Significant digits that come out of DOUBLE PRECISION as they went in. */
const DOUBLE_DIGITS = 15;

/** How long a text column has to be for values of so many bytes. At most what the warehouse allows. */
export function textBytes(bytes: number, headroom: number): number {
  return Math.min(MAX_TEXT_BYTES, Math.max(MIN_TEXT_BYTES, Math.ceil(bytes * headroom)));
}

/**
 * The type of a column that a table lacks, by the values that files have for it: the narrowest that loses none of them. A
 * column of NULLs alone is text, which takes whatever comes next.
 */
export function typeFor(shape: ColumnShape, { headroom }: { headroom: number }): ColumnType {
  const text: ColumnType = { kind: 'text', bytes: textBytes(shape.maxBytes, headroom) };
  if (shape.declared !== undefined) return shape.declared.kind === 'text' ? text : shape.declared;
  const isAllOf = (...kinds: readonly ValueKind[]): boolean =>
    shape.kinds.length > 0 && shape.kinds.every((kind) => kinds.includes(kind));
  if (isAllOf('boolean')) return { kind: 'boolean' };
  if (isAllOf('integer')) {
    if (shape.wholeDigits <= BIGINT_DIGITS) return { kind: 'bigint' };
    if (shape.wholeDigits > DECIMAL_DIGITS) return text;
    return { kind: 'decimal', precision: DECIMAL_DIGITS, scale: 0 };
  }
  if (isAllOf('integer', 'decimal', 'double')) {
    if (shape.digits <= DOUBLE_DIGITS) return { kind: 'double' };
    const isExact = !shape.kinds.includes('double') && shape.wholeDigits + shape.scale <= DECIMAL_DIGITS;
    return isExact ? { kind: 'decimal', precision: DECIMAL_DIGITS, scale: shape.scale } : text;
  }
  if (isAllOf('date')) return { kind: 'date' };
  if (isAllOf('timestamp')) return { kind: 'timestamp' };
  if (isAllOf('timestamp', 'timestamptz')) return { kind: 'timestamptz' };
  if (isAllOf('json')) return { kind: 'json' };
  return text;
}
