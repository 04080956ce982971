import type { CopyColumn } from './copy-column.ts';
import type { FieldRules, LineReading } from './file-reading.ts';
import { fitField, needsFit } from './fit-field.ts';
import {
  BACKSLASH,
  CAPITAL_N,
  CARRIAGE_RETURN,
  escapeField,
  LINE_FEED,
  MAX_ROW_BYTES,
  type RowReader,
  TAB,
  unescapeField,
} from './row-reader.ts';
import { LOAD_ERROR, RowRefusal } from './row-refusal.ts';
import { writeEscaped } from './write-escaped.ts';

/** Where the reader is inside of a field. Numbers, and not words: they are compared for every special byte. */
const AT_START = 0;
const PLAIN = 1;
const QUOTED = 2;
/** Behind a quote inside a quoted field: it was the closing one, or the first of two. */
const AFTER_QUOTE = 3;
/** Behind a backslash that takes the next byte as data. */
const ESCAPED_PLAIN = 4;
const ESCAPED_QUOTED = 5;

/** A byte of input becomes two at most when it is data, and three when it ends a field that is NULL. */
const GROWTH = 3;
const NULL_BYTES = 3;
const MAX_SHOWN = 1_024;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const NOTHING = Buffer.alloc(0);

/**
 * Reads CSV and delimited text: bytes in, rows out, at the speed of a loop over bytes. A row stays in the buffer until it is
 * whole, so that a rule may look at all of a field, and a refusal show all of a row.
 */
export class LineRows implements RowReader {
  readonly #reading: LineReading;
  readonly #rules: FieldRules;
  readonly #columns: readonly CopyColumn[];
  readonly #width: number;
  /** Bytes that end the quick way through a field. */
  readonly #stops = new Uint8Array(256);
  readonly #quotedStops = new Uint8Array(256);
  readonly #nullAs: Buffer;
  /** 0: text, 1: text whose empty field is NULL, or no text at all, 2: a rule has to look. */
  readonly #ways: Uint8Array;
  rows = 0;
  nextLine = 1;
  watchedRow = -1;
  watchedLine: number | null = null;
  #line = 1;
  #out: Buffer = NOTHING;
  #at = 0;
  #rowStart = 0;
  #fieldStart = 0;
  #field = 0;
  #state = AT_START;
  #quote = 0;
  #wasQuoted = false;
  /** Where the output ends with an escaped carriage return: one that a line feed follows is part of the line end. */
  #returnAt = -1;
  /** Room in the output beyond what the input can need. */
  #spare = 0;
  #skip = 0;
  #head: number[] | null = [];

  constructor(
    reading: LineReading,
    { columns, fields }: { columns: readonly CopyColumn[]; fields: FieldRules },
  ) {
    this.#reading = reading;
    this.#rules = fields;
    this.#columns = columns;
    this.#width = columns.length;
    this.#nullAs = Buffer.from(escapeField(fields.nullAs));
    this.#ways = Uint8Array.from(
      columns.map((column) => (needsFit(column, fields) ? 2 : column.isText && !fields.emptyAsNull ? 0 : 1)),
    );
    for (const byte of [LINE_FEED, CARRIAGE_RETURN, BACKSLASH, TAB]) {
      this.#stops[byte] = 1;
      this.#quotedStops[byte] = 1;
    }
    this.#stops[reading.delimiter] = 1;
    for (const byte of reading.quotes) this.#quotedStops[byte] = 1;
  }

  begin(): void {
    this.rows = 0;
    this.nextLine = 1;
    this.#line = 1;
    this.#out = NOTHING;
    this.#at = 0;
    this.#skip = this.#reading.skipLines;
    this.#head = [];
    this.#beginRow();
  }

  push(bytes: Uint8Array): Buffer {
    const from = this.#skipMark(bytes);
    if (from === undefined) return NOTHING;
    return this.#read(from);
  }

  end(): Buffer {
    // A file of one or two bytes may look like the beginning of a mark until it is over.
    const head = this.#head;
    this.#head = null;
    const first = head === null || head.length === 0 ? NOTHING : this.#read(Buffer.from(head));
    if (this.#state === QUOTED || this.#state === ESCAPED_QUOTED) {
      this.#refuse(LOAD_ERROR.line, 'a quote is opened and never closed');
    }
    if (this.#state === ESCAPED_PLAIN)
      this.#refuse(LOAD_ERROR.line, 'the file ends with an escape character');
    const isEmpty = this.#at === this.#rowStart && this.#field === 0 && this.#state === AT_START;
    if (isEmpty || this.#skip > 0) return first;
    const last = this.#read(Buffer.from([LINE_FEED]));
    return first.length === 0 ? last : Buffer.concat([first, last]);
  }

  #beginRow(): void {
    this.#rowStart = this.#at;
    this.#fieldStart = this.#at;
    this.#field = 0;
    this.#state = AT_START;
    this.#wasQuoted = false;
    this.#returnAt = -1;
    this.#noteLine();
  }

  #noteLine(): void {
    this.nextLine = this.#line;
    if (this.rows === this.watchedRow) this.watchedLine = this.#line;
  }

  /** Without the mark of UTF-8 that some editors put first. @returns undefined: it may still be one. */
  #skipMark(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#head === null) return bytes;
    const all = this.#head.length === 0 ? bytes : Buffer.concat([Buffer.from(this.#head), bytes]);
    const isMark = BYTE_ORDER_MARK.every((byte, at) => at >= all.length || all[at] === byte);
    if (isMark && all.length < BYTE_ORDER_MARK.length) {
      this.#head = [...all];
      return undefined;
    }
    this.#head = null;
    return isMark ? all.subarray(BYTE_ORDER_MARK.length) : all;
  }

  #read(bytes: Uint8Array): Buffer {
    this.#makeRoom(bytes.length);
    let out = this.#out;
    const { delimiter, quotes, doublesQuotes, escapes } = this.#reading;
    const stops = this.#stops;
    const quotedStops = this.#quotedStops;
    const end = bytes.length;
    let at = this.#skip > 0 ? this.#skipHeader(bytes) : 0;
    let to = this.#at;
    let state = this.#state;
    while (at < end) {
      const byte = bytes[at] as number;
      if (state === PLAIN || state === AT_START) {
        if (state === AT_START) {
          state = PLAIN;
          if (quotes.includes(byte)) {
            this.#quote = byte;
            this.#wasQuoted = true;
            state = QUOTED;
            at += 1;
            continue;
          }
        }
        if (stops[byte] === 0) {
          // The quick way: most bytes of most files.
          let next = byte;
          do {
            out[to] = next;
            to += 1;
            at += 1;
            next = bytes[at] as number;
          } while (at < end && stops[next] === 0);
          continue;
        }
        at += 1;
        if (byte === delimiter) {
          this.#at = to;
          this.#endField();
          out = this.#out;
          to = this.#at;
          out[to] = TAB;
          to += 1;
          this.#fieldStart = to;
          this.#wasQuoted = false;
          state = AT_START;
        } else if (byte === LINE_FEED) {
          this.#at = to === this.#returnAt ? to - 2 : to;
          this.#endRow();
          out = this.#out;
          to = this.#at;
          state = AT_START;
        } else if (byte === BACKSLASH && escapes) {
          state = ESCAPED_PLAIN;
        } else {
          to = writeEscaped(out, to, byte);
          if (byte === CARRIAGE_RETURN) this.#returnAt = to;
        }
      } else if (state === QUOTED) {
        if (quotedStops[byte] === 0) {
          let next = byte;
          do {
            out[to] = next;
            to += 1;
            at += 1;
            next = bytes[at] as number;
          } while (at < end && quotedStops[next] === 0);
          continue;
        }
        at += 1;
        if (byte === this.#quote) state = AFTER_QUOTE;
        else if (byte === BACKSLASH && escapes) state = ESCAPED_QUOTED;
        else {
          if (byte === LINE_FEED) this.#line += 1;
          to = writeEscaped(out, to, byte);
        }
      } else if (state === AFTER_QUOTE) {
        if (byte === this.#quote && doublesQuotes) {
          out[to] = byte;
          to += 1;
          at += 1;
          state = QUOTED;
        } else if (byte === delimiter || byte === LINE_FEED) {
          state = PLAIN;
        } else if (byte === CARRIAGE_RETURN) {
          to = writeEscaped(out, to, byte);
          this.#returnAt = to;
          at += 1;
          state = PLAIN;
        } else if (doublesQuotes) {
          this.#at = to;
          this.#refuse(LOAD_ERROR.line, 'a quoted field goes on behind its closing quote');
        } else {
          // Not the end of the field after all: the quote was one of its characters.
          out[to] = this.#quote;
          to += 1;
          state = QUOTED;
        }
      } else {
        if (byte === LINE_FEED) this.#line += 1;
        to = writeEscaped(out, to, byte);
        at += 1;
        state = state === ESCAPED_PLAIN ? PLAIN : QUOTED;
      }
    }
    this.#state = state;
    this.#at = to;
    if (to - this.#rowStart > MAX_ROW_BYTES) {
      this.#refuse(LOAD_ERROR.line, `a row has more than ${MAX_ROW_BYTES} bytes`);
    }
    return out.subarray(0, this.#rowStart);
  }

  /** Room for what these bytes may become, behind what there is of a row already. */
  #makeRoom(length: number): void {
    const left = this.#out.subarray(this.#rowStart, this.#at);
    const out = Buffer.allocUnsafe(left.length + (length + 1) * GROWTH);
    left.copy(out);
    this.#fieldStart -= this.#rowStart;
    if (this.#returnAt >= 0) this.#returnAt -= this.#rowStart;
    this.#at = left.length;
    this.#rowStart = 0;
    this.#out = out;
    this.#spare = 0;
  }

  /** @returns where the first line that is not skipped begins, or the end. */
  #skipHeader(bytes: Uint8Array): number {
    let at = 0;
    while (this.#skip > 0) {
      const end = bytes.indexOf(LINE_FEED, at);
      if (end < 0) return bytes.length;
      at = end + 1;
      this.#skip -= 1;
      this.#line += 1;
    }
    this.#noteLine();
    return at;
  }

  #endField(): void {
    const column = this.#field;
    this.#field += 1;
    if (column >= this.#width) {
      const name = this.#columns.at(-1)?.name ?? '';
      this.#refuse(
        LOAD_ERROR.extraColumns,
        `the line has more fields than columns: ${this.#width}, the last is ${name}`,
      );
    }
    const length = this.#at - this.#fieldStart;
    const way = this.#ways[column];
    if (length === 0) {
      // A quoted field that is empty is an empty text, but no number.
      if (way !== 0 && (!this.#wasQuoted || this.#columns[column]?.isText === false)) this.#writeNull();
      else if (way === 2 && this.#rules.emptyAsNull && !this.#wasQuoted) this.#writeNull();
      return;
    }
    if (!this.#wasQuoted && length === this.#nullAs.length && this.#isNull()) {
      this.#at = this.#fieldStart;
      this.#writeNull();
    } else if (way === 2) this.#fit(column);
  }

  #isNull(): boolean {
    return this.#nullAs.compare(this.#out, this.#fieldStart, this.#at) === 0;
  }

  #fit(at: number): void {
    const column = this.#columns[at] as CopyColumn;
    const text = unescapeField(this.#out.toString('utf8', this.#fieldStart, this.#at));
    const fitted = fitField(text, column, this.#rules);
    if (fitted === text) return;
    const length = this.#at - this.#fieldStart;
    this.#at = this.#fieldStart;
    if (fitted === null) {
      this.#writeNull();
      return;
    }
    const field = Buffer.from(escapeField(fitted));
    if (field.length > length) this.#reserve(field.length - length);
    field.copy(this.#out, this.#at);
    this.#at += field.length;
  }

  #writeNull(): void {
    this.#out[this.#at] = BACKSLASH;
    this.#out[this.#at + 1] = CAPITAL_N;
    this.#at += 2;
  }

  #endRow(): void {
    const isBlank = this.#field === 0 && this.#at === this.#fieldStart && !this.#wasQuoted;
    if (isBlank && this.#reading.ignoresBlankLines) {
      this.#line += 1;
      this.#at = this.#rowStart;
      this.#beginRow();
      return;
    }
    if (isBlank && this.#width > 1) this.#refuse(LOAD_ERROR.blankLine, 'the line is empty');
    this.#endField();
    if (this.#field < this.#width) {
      const missing = this.#columns[this.#field]?.name ?? '';
      if (!this.#reading.fillsRecord) {
        this.#refuse(LOAD_ERROR.delimiter, `the line has no field for column ${missing}`, missing);
      }
      this.#reserve((this.#width - this.#field) * NULL_BYTES + 1);
      for (; this.#field < this.#width; this.#field += 1) {
        this.#out[this.#at] = TAB;
        this.#at += 1;
        this.#writeNull();
      }
    }
    this.#out[this.#at] = LINE_FEED;
    this.#at += 1;
    this.rows += 1;
    this.#line += 1;
    this.#beginRow();
  }

  /** Room for more than the growth of the input accounts for. As much again at once: few rows come alone. */
  #reserve(bytes: number): void {
    if (bytes > this.#spare) {
      const more = Math.max(bytes, this.#out.length);
      const out = Buffer.allocUnsafe(this.#out.length + more);
      this.#out.copy(out, 0, 0, this.#at);
      this.#out = out;
      this.#spare += more;
    }
    this.#spare -= bytes;
  }

  #refuse(code: number, reason: string, column: string | null = null): never {
    const row = this.#out.toString('utf8', this.#rowStart, Math.min(this.#at, this.#rowStart + MAX_SHOWN));
    const delimiter = String.fromCharCode(this.#reading.delimiter);
    const raw = unescapeField(row.replaceAll('\t', delimiter).replaceAll('\\N', ''));
    throw new RowRefusal({ line: this.nextLine, column, rawValue: raw === '' ? null : raw, code, reason });
  }
}
