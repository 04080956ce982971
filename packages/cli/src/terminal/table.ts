import { widthOf } from './show-text.ts';

export interface TableColumnLayout {
  readonly title: string;
  /** Numbers stand right, so that their digits are below one another. */
  readonly align?: 'left' | 'right';
}

/**
 * Rows below titles, columns two spaces apart, no lines and no trailing spaces: for eyes, and for `awk`.
 *
 * @param rows as many cells as there are columns, each on one line (see `showText`)
 */
export function formatTable(
  columns: readonly TableColumnLayout[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), widthOf(title)),
  );
  const lines = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map(({ align }, index) => pad(row[index] ?? '', { width: widths[index] ?? 0, align })).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

function pad(text: string, { width, align }: { width: number; align: 'left' | 'right' | undefined }): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}
