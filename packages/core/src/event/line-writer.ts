import { LoadError } from '../recover/load-error.ts';
import type { RowValue } from './transform.ts';

/**
 * How NULL is written in chunks, which COPY is told by NULL AS. Not COPY's own default: `\\N` is a text that people send. A
 * text that is just this one is refused: whether COPY takes it for NULL when it is quoted is nowhere said.
 */
export const CHUNK_NULL = '~^N';

/** COPY takes rows of up to 4 MB. */
const MAX_ROW_BYTES = 4_000_000;
/** A piece that has so many bytes is closed, and another begun. */
const PIECE_BYTES = 64 * 1024;
const FIRST_BYTES = 4 * 1024;
/** What one UTF-16 unit takes at most, when every one of them is a quote or takes three bytes in UTF-8. */
const BYTES_PER_UNIT = 3;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const LAST_ASCII = 0x7f;
const LINE_END = 0x0a;

/**
 * Writes lines of CSV as COPY reads them with FORMAT CSV, into bytes at once: texts that are made only to be written down
 * are most of what a consumer would leave to the garbage collector.
 */
export class LineWriter {
  readonly #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #piece = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  /** Bytes that were written. */
  get bytes(): number {
    return this.#piecesBytes + this.#at;
  }

  /**
   * One line, with its line end.
   *
   * @throws LoadError `value-invalid` for what no column can hold, `row-too-long`; TypeError for an object that is no JSON.
   * What was written of the line has to be taken back then.
   */
  writeRow(values: readonly RowValue[]): void {
    const from = this.#at;
    for (let at = 0; at < values.length; at += 1) {
      this.#reserve(1);
      if (at > 0) this.#piece[this.#at++] = COMMA;
      this.#writeValue(values[at]);
    }
    this.#reserve(1);
    this.#piece[this.#at++] = LINE_END;
    if (this.#at - from > MAX_ROW_BYTES) {
      throw new LoadError('row-too-long', `the row has more than ${MAX_ROW_BYTES} bytes, which COPY refuses`);
    }
  }

  /** A text as it is. */
  writeText(text: string): void {
    this.#reserve(text.length * BYTES_PER_UNIT);
    this.#at += this.#piece.write(text, this.#at, 'utf8');
  }

  /** Takes back what was written since `bytes` was this. Only since the last `close`. */
  takeBack(bytes: number): void {
    this.#at = bytes - this.#piecesBytes;
  }

  /** What was written is to stay: a piece that is large enough is closed. */
  close(): void {
    if (this.#at < PIECE_BYTES) return;
    this.#pieces.push(this.#piece.subarray(0, this.#at));
    this.#piecesBytes += this.#at;
    this.#piece = Buffer.allocUnsafe(PIECE_BYTES + FIRST_BYTES);
    this.#at = 0;
  }

  /** All that was written. What is written later is not in it. */
  pieces(): readonly Uint8Array[] {
    return [...this.#pieces, this.#piece.subarray(0, this.#at)];
  }

  #writeValue(value: RowValue): void {
    if (typeof value === 'string') this.#writeField(value);
    else if (value === null || value === undefined) this.#writePlain(CHUNK_NULL);
    else if (typeof value === 'number') this.#writePlain(textOfNumber(value));
    else if (typeof value === 'boolean' || typeof value === 'bigint') this.#writePlain(String(value));
    else if (typeof value !== 'object') {
      throw new LoadError('value-invalid', `a ${typeof value} is not a value of a column`);
    } else this.#writeField(value instanceof Date ? textOfDate(value) : JSON.stringify(value));
  }

  #writePlain(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at += 1) this.#piece[this.#at++] = text.charCodeAt(at);
  }

  /** Most texts are plain ASCII without anything to be quoted: those are written on the way of finding that out. */
  #writeField(text: string): void {
    const { length } = text;
    if (text === CHUNK_NULL) {
      throw new LoadError('value-invalid', `a text is just ${CHUNK_NULL}, which COPY takes for NULL`);
    }
    this.#reserve(length * BYTES_PER_UNIT + 2);
    const from = this.#at;
    const piece = this.#piece;
    let to = from;
    let isPlain = length > 0 && text.charCodeAt(0) > SPACE && text.charCodeAt(length - 1) > SPACE;
    for (let at = 0; isPlain && at < length; at += 1) {
      const unit = text.charCodeAt(at);
      isPlain = unit >= SPACE && unit <= LAST_ASCII && unit !== QUOTE && unit !== COMMA;
      piece[to++] = unit;
    }
    if (isPlain) this.#at = to;
    else this.#writeQuoted(text);
  }

  #writeQuoted(text: string): void {
    if (text.includes('\0')) {
      throw new LoadError('value-invalid', 'a text has a NUL character, which Redshift cannot hold');
    }
    this.writeText(`"${text.replaceAll('"', '""')}"`);
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#piece.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#piece.length * 2, needed));
    this.#piece.copy(larger, 0, 0, this.#at);
    this.#piece = larger;
  }
}

function textOfNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  throw new LoadError('value-invalid', `${value} is not a number that a table can hold`);
}

function textOfDate(value: Date): string {
  if (Number.isNaN(value.getTime())) throw new LoadError('value-invalid', 'the date is invalid');
  return value.toISOString();
}
