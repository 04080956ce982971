/**
 * Makes rows of PostgreSQL's text format of the bytes of files, one file after the other: a tab between fields, `\N` for NULL,
 * one line for a row, whatever the row was in its file.
 */
export interface RowReader {
  /** A new file begins. */
  begin(): void;
  /** Whole rows; what is left of the last one comes with the next bytes. @throws RowRefusal */
  push(bytes: Uint8Array): Buffer;
  /** The file is over: its last row, when it had no line end. @throws RowRefusal */
  end(): Buffer;
  /** Rows of the file so far. */
  readonly rows: number;
  /** The line at which the row after these began. */
  readonly nextLine: number;
  /** When so many rows of a file have been read, `watchedLine` is the line at which the next one begins. */
  watchedRow: number;
  readonly watchedLine: number | null;
}

/** A reader has no use for a row of this many bytes: a quote was opened and never closed, or it is no text at all. */
export const MAX_ROW_BYTES = 256 * 1024 * 1024;

export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const BACKSLASH = 0x5c;
export const SMALL_N = 0x6e;
export const SMALL_R = 0x72;
export const SMALL_T = 0x74;
export const CAPITAL_N = 0x4e;

/** A text as a field of PostgreSQL's text format. */
export function escapeField(text: string): string {
  if (!/[\\\t\n\r]/u.test(text)) return text;
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
}

const UNESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '\\': '\\' };

/** The text of a field that is not NULL. */
export function unescapeField(field: string): string {
  return field.replaceAll(/\\([tnr\\])/gu, (_, letter: string) => UNESCAPED[letter] ?? letter);
}
