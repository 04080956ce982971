import type { RowProblem } from './row-problem.ts';

/** A record of a text file, not yet converted. */
export interface TextRecord {
  /** 1-based line where it begins (for JSON: where it ends). */
  readonly line: number;
  /** As it stands in the file, without its line end. */
  readonly raw: string;
  /** Values in the order of the columns; null: there is none. Empty when `problem` is set. */
  readonly fields: readonly (string | null)[];
  /** Why the record as a whole cannot be loaded. */
  readonly problem?: RowProblem;
}

/** Cuts the text of one file into records. Blocks are given in order; records that are not complete wait for the next one. */
export interface RecordReader {
  /** @param isLast no text follows: what is left is a record too, or a problem. */
  read(block: string, isLast: boolean): Iterable<TextRecord>;
}

/** Redshift's bound of one row. */
export const MAX_ROW_BYTES = 4 * 1024 * 1024;

/** Where the line that begins at `from` ends: `end` without `\r\n` or `\n`, `next` behind it; undefined when the text has no line end. */
export function findLineEnd(text: string, from: number): { end: number; next: number } | undefined {
  const at = text.indexOf('\n', from);
  if (at < 0) return undefined;
  return { end: at > from && text.charCodeAt(at - 1) === 0x0d ? at - 1 : at, next: at + 1 };
}
