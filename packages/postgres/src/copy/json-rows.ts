import { isUtf8 } from 'node:buffer';
import type { CopyColumn } from './copy-column.ts';
import type { FieldRules, JsonReading } from './file-reading.ts';
import { fitField, needsFit } from './fit-field.ts';
import { escapeField, LINE_FEED, MAX_ROW_BYTES, type RowReader } from './row-reader.ts';
import { LOAD_ERROR, RowRefusal } from './row-refusal.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MAX_SHOWN = 1_024;
/** Numbers that a double may not hold to the last digit. */
const LONG_NUMBER = /[\d.]{16}/u;
const NOTHING = Buffer.alloc(0);

/** What a reviver is told beside key and value (ECMAScript, JSON.parse source text access). */
interface ParseContext {
  readonly source?: string;
}

/** A number as it was written. */
class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Reads JSON objects, one after another, by the names of the columns. What is in between is space. */
export class JsonRows implements RowReader {
  readonly #columns: readonly CopyColumn[];
  readonly #rules: FieldRules;
  readonly #fits: readonly boolean[];
  readonly #ignoresCase: boolean;
  rows = 0;
  nextLine = 1;
  watchedRow = -1;
  watchedLine: number | null = null;
  #line = 1;
  /** What there is of an object that is not closed yet. */
  #begun: Uint8Array[] = [];
  #begunBytes = 0;
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  constructor(
    { ignoresCase }: JsonReading,
    { columns, fields }: { columns: readonly CopyColumn[]; fields: FieldRules },
  ) {
    this.#ignoresCase = ignoresCase;
    this.#columns = columns;
    this.#rules = fields;
    this.#fits = columns.map((column) => needsFit(column, fields));
  }

  begin(): void {
    this.rows = 0;
    this.nextLine = 1;
    this.#line = 1;
    this.#begun = [];
    this.#begunBytes = 0;
    this.#depth = 0;
    this.#isInText = false;
    this.#isEscaped = false;
  }

  push(bytes: Uint8Array): Buffer {
    let text = '';
    let start = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (this.#isInText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInText = false;
        else if (byte === LINE_FEED) this.#line += 1;
      } else if (byte === QUOTE && this.#depth > 0) this.#isInText = true;
      else if (byte === OPEN) {
        if (this.#depth === 0) {
          start = at;
          this.nextLine = this.#line;
          if (this.rows === this.watchedRow) this.watchedLine = this.#line;
        }
        this.#depth += 1;
      } else if (byte === CLOSE && this.#depth > 0) {
        this.#depth -= 1;
        if (this.#depth === 0) {
          text += this.#toRow(this.#whole(bytes.subarray(start, at + 1)));
          this.rows += 1;
        }
      } else {
        if (byte === LINE_FEED) this.#line += 1;
        if (this.#depth === 0 && byte > 0x20 && !this.#isMark(byte)) {
          this.nextLine = this.#line;
          const rest = Buffer.from(bytes.subarray(at, at + MAX_SHOWN)).toString('utf8');
          this.#refuse(rest.split('\n')[0] ?? '', 'an object was to begin here, with {');
        }
      }
    }
    if (this.#depth > 0) this.#keep(bytes.subarray(start));
    return text === '' ? NOTHING : Buffer.from(text);
  }

  end(): Buffer {
    if (this.#depth > 0) this.#refuse(this.#text(this.#whole(NOTHING)), 'the file ends inside of an object');
    return NOTHING;
  }

  /** The mark of UTF-8 that some editors put first is no data. */
  #isMark(byte: number): boolean {
    return this.rows === 0 && (byte === 0xef || byte === 0xbb || byte === 0xbf);
  }

  #keep(bytes: Uint8Array): void {
    this.#begun.push(bytes);
    this.#begunBytes += bytes.length;
    if (this.#begunBytes > MAX_ROW_BYTES) {
      this.#refuse(this.#text(this.#whole(NOTHING)), `an object has more than ${MAX_ROW_BYTES} bytes`);
    }
  }

  #whole(last: Uint8Array): Uint8Array {
    if (this.#begun.length === 0) return last;
    const whole = Buffer.concat([...this.#begun, last]);
    this.#begun = [];
    this.#begunBytes = 0;
    return whole;
  }

  #text(bytes: Uint8Array): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  }

  #toRow(bytes: Uint8Array): string {
    const text = this.#text(bytes);
    if (!isUtf8(bytes)) {
      throw new RowRefusal({
        line: this.nextLine,
        rawValue: text.slice(0, MAX_SHOWN),
        code: LOAD_ERROR.text,
        reason: 'the object is not valid UTF-8',
      });
    }
    const found = this.#parse(text);
    const values = this.#ignoresCase ? foldNames(found) : found;
    let row = '';
    for (let at = 0; at < this.#columns.length; at += 1) {
      const column = this.#columns[at] as CopyColumn;
      const value = this.#valueOf(Object.hasOwn(values, column.name) ? values[column.name] : null, at);
      row += `${at === 0 ? '' : '\t'}${value === null ? '\\N' : escapeField(value)}`;
    }
    return `${row}\n`;
  }

  #valueOf(value: unknown, at: number): string | null {
    if (value === null || value === undefined) return null;
    const column = this.#columns[at] as CopyColumn;
    const text = typeof value === 'string' ? value : textOf(value);
    if (text === '' && (!column.isText || this.#rules.emptyAsNull)) return null;
    return this.#fits[at] === true ? fitField(text, column, this.#rules) : text;
  }

  #parse(text: string): Record<string, unknown> {
    try {
      const value: unknown = LONG_NUMBER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
      return value as Record<string, unknown>;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.#refuse(text, error.message);
    }
  }

  #refuse(raw: string, reason: string): never {
    throw new RowRefusal({
      line: this.nextLine,
      rawValue: raw.slice(0, MAX_SHOWN),
      code: LOAD_ERROR.json,
      reason,
    });
  }
}

/** Names match whatever their case; of two that do, the last one counts, as in JSON itself. */
function foldNames(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]));
}

function keepDigits(_key: string, value: unknown, context?: ParseContext): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return String(value) === context.source ? value : new Digits(context.source);
}

/** An object or a list is its JSON; a number that a double cannot hold stays as it was written. */
function textOf(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  const entries = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${jsonOf(one)}`);
  return `{${entries.join(',')}}`;
}

function jsonOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? textOf(value) : JSON.stringify(value);
}
