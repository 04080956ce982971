import type { Row } from './table-store.ts';

/** The columns of every simulated table: key, order, a value that no other row has, and the mark of a deletion. */
export const COLUMNS = ['k', 'at', 'v', 'op'] as const;
/** What `op` holds in a row that deletes. */
export const DELETION = 'D';

export interface LakeRow {
  readonly k: string;
  readonly at: number;
  readonly v: string;
  readonly op: string;
}

export function renderFile(rows: readonly LakeRow[], { isBad }: { isBad: boolean }): string {
  const lines = rows.map(({ k, at, v, op }) => `${k},${at},${v},${op}`);
  if (isBad) lines.splice(Math.floor(lines.length / 2), 0, 'bad,not-a-number,bad,');
  return `${lines.join('\n')}\n`;
}

export type ParsedFile =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'bad'; readonly line: number; readonly column: string; readonly value: string };

/** Reads a file of comma-separated values without quotes, as COPY would into COLUMNS. */
export function parseFile(text: string): ParsedFile {
  const rows: Row[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const [k = '', at = '', v = '', op = ''] = line.split(',');
    if (!/^-?\d+$/u.test(at)) return { kind: 'bad', line: index + 1, column: 'at', value: at };
    rows.push({ k, at: Number(at), v, op });
  }
  return { kind: 'rows', rows };
}
