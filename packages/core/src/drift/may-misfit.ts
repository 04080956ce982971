import type { ColumnShape, ValueKind } from '../ports/file-shapes.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { widthOf } from './column-type.ts';

/** Digits that a column of whole numbers takes whatever they are. */
const SAFE_DIGITS: Readonly<Record<string, number>> = { smallint: 4, integer: 9, bigint: 18 };

/**
 * Whether a value of the column may not fit the table's: quick, and never wrong when it says no. What it says yes to is read once
 * more, value by value.
 */
export function mayMisfit(shape: ColumnShape, { type }: Pick<TableColumn, 'type'>): boolean {
  if (shape.kinds.length === 0) return false;
  const isAllOf = (...kinds: readonly ValueKind[]): boolean =>
    shape.kinds.every((kind) => kinds.includes(kind));
  const width = widthOf(type);
  if (width !== undefined) return shape.maxBytes > width;
  const [, length] = /^character\((\d+)\)$/u.exec(type) ?? [];
  // A CHAR takes ASCII alone, which a shape does not tell.
  if (length !== undefined) return true;
  const safe = SAFE_DIGITS[type];
  if (safe !== undefined) return !isAllOf('integer') || shape.wholeDigits > safe;
  const [, precision, scale] = /^numeric\((\d+),\s*(\d+)\)$/u.exec(type) ?? [];
  if (precision !== undefined)
    return !isAllOf('integer', 'decimal') || shape.wholeDigits > Number(precision) - Number(scale);
  const float = shape.declared?.kind;
  if (float === 'real' && (type === 'real' || type === 'double precision')) return false;
  if (float === 'double' && type === 'double precision') return false;
  if (type === 'real' || type === 'double precision')
    return !isAllOf('integer', 'decimal') || shape.digits > 30;
  if (type === 'boolean') return !isAllOf('boolean');
  if (type === 'date') return !isAllOf('date');
  if (type.startsWith('timestamp'))
    return !isAllOf('timestamp', ...(type.endsWith('with time zone') ? (['timestamptz'] as const) : []));
  if (type === 'super' || type === 'json' || type === 'jsonb')
    return !isAllOf('json', 'integer', 'decimal', 'boolean');
  return false;
}
