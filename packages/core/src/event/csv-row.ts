import { LoadError } from '../recover/load-error.ts';
import type { EventProblem } from './envelope.ts';
import type { RowValue } from './transform.ts';

/**
 * How NULL is written in chunks: COPY's own default. A text that is just this is refused: whether COPY takes it for NULL
 * when it is quoted is nowhere said.
 */
export const CHUNK_NULL = '\\N';

/** COPY takes rows of up to 4 MB. */
const MAX_ROW_BYTES = 4_000_000;

const NEEDS_QUOTES = /[",\r\n\\]|^\s|\s$/u;

/**
 * One line of a chunk, with its line end: CSV as COPY reads it with FORMAT CSV.
 *
 * @throws LoadError `value-invalid` for what no column can hold, `row-too-long`
 */
export function encodeRow(values: readonly RowValue[]): string {
  let line = '';
  for (let at = 0; at < values.length; at += 1) {
    if (at > 0) line += ',';
    line += encodeValue(values[at]);
  }
  // Every character is one to three bytes for its UTF-16 unit: most rows need no counting.
  if (line.length * 3 > MAX_ROW_BYTES && Buffer.byteLength(line) > MAX_ROW_BYTES) {
    throw new LoadError('row-too-long', `the row has more than ${MAX_ROW_BYTES} bytes, which COPY refuses`);
  }
  return `${line}\n`;
}

/** Why `encodeRow` refused. @throws the error itself when it says nothing of a value */
export function problemOfRow(error: unknown): EventProblem {
  if (error instanceof LoadError) return { code: error.code, reason: error.sentence };
  // What JSON cannot say of an object: a circle, a bigint in it.
  if (error instanceof TypeError) return { code: 'value-invalid', reason: error.message };
  throw error;
}

function encodeValue(value: RowValue): string {
  switch (typeof value) {
    case 'string':
      return encodeText(value);
    case 'number':
      if (Number.isFinite(value)) return String(value);
      throw new LoadError('value-invalid', `${value} is not a number that a table can hold`);
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return CHUNK_NULL;
    case 'object':
      if (value === null) return CHUNK_NULL;
      if (value instanceof Date) return encodeDate(value);
      return encodeText(JSON.stringify(value));
    default:
      throw new LoadError('value-invalid', `a ${typeof value} is not a value of a column`);
  }
}

function encodeDate(value: Date): string {
  if (Number.isNaN(value.getTime())) throw new LoadError('value-invalid', 'the date is invalid');
  return value.toISOString();
}

function encodeText(text: string): string {
  if (text === '') return '""';
  if (!NEEDS_QUOTES.test(text) && !text.includes('\0')) return text;
  if (text.includes('\0')) {
    throw new LoadError('value-invalid', 'a text has a NUL character, which Redshift cannot hold');
  }
  if (text === CHUNK_NULL) {
    throw new LoadError('value-invalid', `a text is just ${CHUNK_NULL}, which COPY takes for NULL`);
  }
  return `"${text.replaceAll('"', '""')}"`;
}
