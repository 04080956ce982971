import type { ResultColumn, Value } from '../session/result.ts';

/** A value in the Data API's union; a `longValue` may be a JSON number beyond 2^53. */
export type Field =
  | { readonly isNull: true }
  | { readonly booleanValue: boolean }
  | { readonly longValue: unknown }
  | { readonly doubleValue: number }
  | { readonly stringValue: string };

/** A row as the Data API hands it out. */
export function toRecord(row: readonly Value[], columns: readonly ResultColumn[]): Field[] {
  return row.map((value, at) => toField(value, columns[at]?.type ?? 'varchar'));
}

function toField(value: Value, type: string): Field {
  if (value === null) return { isNull: true };
  switch (type) {
    case 'bool':
      return { booleanValue: value === true };
    case 'int2':
    case 'int4':
    case 'int8':
      return { longValue: typeof value === 'number' ? value : rawNumber(String(value)) };
    case 'float4':
    case 'float8':
      // JSON has no NaN and no Infinity, and the Data API's model has no other place for them.
      return typeof value === 'number' ? { doubleValue: value } : { stringValue: String(value) };
    default:
      return { stringValue: toText(value, type) };
  }
}

/** A value as text: in a `stringValue`, and in CSV. */
export function toText(value: Value, type: string): string {
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  const text = String(value);
  // The driver behind the Data API prints moments by Java's rule: at least one digit of the second's fraction.
  if (type === 'timestamp' && !text.includes('.') && /:\d\d$/u.test(text)) return `${text}.0`;
  return text;
}

/** JSON.stringify would round a big integer, or quote it; ES2026 has a way out that TypeScript does not know yet. */
function rawNumber(digits: string): unknown {
  return (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(digits);
}
