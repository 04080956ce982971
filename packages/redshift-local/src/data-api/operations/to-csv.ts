import type { StatementResult } from '../data-statement.ts';
import { toText } from '../to-record.ts';

/** Lines of CSV: NULL is an empty field, an empty text is `""`. */
export function toCsv(
  header: readonly (readonly string[])[],
  { columns, rows }: StatementResult,
  { from, to }: { from: number; to: number },
): string {
  const lines = header.map((names) => names.map(quoteIfNeeded).join(','));
  for (const row of rows.slice(from, to)) {
    const fields = row.map((value, at) =>
      value === null ? '' : quoteIfNeeded(toText(value, columns[at]?.type ?? 'varchar')),
    );
    lines.push(fields.join(','));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function quoteIfNeeded(text: string): string {
  return text === '' || /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
