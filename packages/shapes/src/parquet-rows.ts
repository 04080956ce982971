import type { ParquetFile, ParquetRow } from './parquet-file.ts';
import { declaredType } from './parquet-look.ts';

/** Digits that a number keeps: a longer decimal would come back as another one. */
const EXACT_DIGITS = 15;

/** Whether the rows can be written as JSON without loss. */
export function isExact(file: ParquetFile): boolean {
  return (
    file.isHeld &&
    file.columns.every((column) => {
      const type = declaredType(column);
      return type.kind !== 'decimal' || type.precision <= EXACT_DIGITS;
    })
  );
}

/** The rows as JSON, a line each, names in lower case; in UTF-8. */
export async function* rowsAsJson(file: ParquetFile): AsyncGenerator<Uint8Array> {
  const columns = file.columns.map((column) => ({ name: column.element.name, type: declaredType(column) }));
  const write = (row: ParquetRow): string => {
    const members = columns.map(({ name, type }) => {
      const value = row[name];
      const json =
        type.kind === 'decimal' && typeof value === 'number' ? value.toFixed(type.scale) : jsonOf(value);
      return `${JSON.stringify(name.toLowerCase())}:${json}`;
    });
    return `{${members.join(',')}}\n`;
  };
  for await (const rows of file.rows(columns.map(({ name }) => name)))
    yield Buffer.from(rows.map(write).join(''), 'utf8');
}

function jsonOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`;
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('hex')}"`;
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'bigint') return inner;
    return Number.isSafeInteger(Number(inner)) ? Number(inner) : String(inner);
  });
}
