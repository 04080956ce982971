import type { FixedWidthColumn } from '@millrace/core';
import { LOAD_ERROR, problem } from './row-problem.ts';
import { findLineEnd, type RecordReader, type TextRecord } from './text-record.ts';

/**
 * Text with a delimiter between fields. With ESCAPE a backslash takes the special meaning from the character behind
 * it: delimiters, line ends, quotes and itself become data. REMOVEQUOTES drops quotes around a field.
 */
export class DelimitedRecords implements RecordReader {
  readonly #delimiter: string;
  readonly #escape: boolean;
  readonly #removeQuotes: boolean;
  #rest = '';
  #line = 1;

  constructor(options: { delimiter: string; escape: boolean; removeQuotes: boolean }) {
    this.#delimiter = options.delimiter;
    this.#escape = options.escape;
    this.#removeQuotes = options.removeQuotes;
  }

  *read(block: string, isLast: boolean): Iterable<TextRecord> {
    const text = this.#rest + block;
    let at = 0;
    while (at < text.length) {
      const lineEnd = this.#escape ? this.#findUnescapedEnd(text, at) : findLineEnd(text, at);
      if (!lineEnd && !isLast) break;
      const end = lineEnd?.end ?? text.length;
      const raw = text.slice(at, end);
      yield this.#toRecord(raw);
      this.#line += 1 + (this.#escape ? raw.split('\n').length - 1 : 0);
      at = lineEnd?.next ?? text.length;
    }
    this.#rest = text.slice(at);
  }

  #findUnescapedEnd(text: string, from: number): { end: number; next: number } | undefined {
    for (let lineEnd = findLineEnd(text, from); lineEnd; lineEnd = findLineEnd(text, lineEnd.next)) {
      let slashes = 0;
      while (text[lineEnd.end - 1 - slashes] === '\\' && lineEnd.end - 1 - slashes >= from) slashes += 1;
      if (slashes % 2 === 0) return lineEnd;
    }
    return undefined;
  }

  #toRecord(raw: string): TextRecord {
    if (this.#removeQuotes) return this.#toBareRecord(raw);
    const fields = this.#escape && raw.includes('\\') ? this.#splitEscaped(raw) : raw.split(this.#delimiter);
    return { line: this.#line, raw, fields };
  }

  /** A field that begins with a quote ends with the same one before a delimiter; delimiters between them are data. */
  #toBareRecord(raw: string): TextRecord {
    const fields: string[] = [];
    let at = 0;
    while (at <= raw.length) {
      const open = raw[at];
      const isQuoted = open === '"' || open === "'";
      const end = isQuoted ? this.#findClosingQuote(raw, at + 1, open) : this.#findDelimiter(raw, at);
      if (end === undefined) {
        const reason = 'Invalid quote formatting: a field begins with a quote and does not end with it';
        return { line: this.#line, raw, fields: [], problem: problem(LOAD_ERROR.line, reason) };
      }
      const text = raw.slice(isQuoted ? at + 1 : at, end);
      fields.push(this.#escape ? unescaped(text) : text);
      at = end + (isQuoted ? 2 : 1);
    }
    return { line: this.#line, raw, fields };
  }

  #findClosingQuote(raw: string, from: number, quote: string): number | undefined {
    for (let at = from; at < raw.length; at += 1) {
      if (this.#escape && raw[at] === '\\') at += 1;
      else if (raw[at] === quote && (at + 1 === raw.length || raw[at + 1] === this.#delimiter)) return at;
    }
    return undefined;
  }

  #findDelimiter(raw: string, from: number): number {
    for (let at = from; at < raw.length; at += 1) {
      if (this.#escape && raw[at] === '\\') at += 1;
      else if (raw[at] === this.#delimiter) return at;
    }
    return raw.length;
  }

  #splitEscaped(raw: string): string[] {
    const fields: string[] = [];
    for (let at = 0; at <= raw.length; ) {
      const end = this.#findDelimiter(raw, at);
      fields.push(unescaped(raw.slice(at, end)));
      at = end + 1;
    }
    return fields;
  }
}

/** `\N` is the mark of NULL, and stays what NULL AS is compared with. */
function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([^N])/gsu, '$1') : text;
}

/** Fields at fixed places; widths count characters. A line that is too short lacks fields, one that is too long has extra ones. */
export class FixedWidthRecords implements RecordReader {
  readonly #widths: readonly number[];
  readonly #total: number;
  #rest = '';
  #line = 1;

  constructor(columns: readonly FixedWidthColumn[]) {
    this.#widths = columns.map(({ width }) => width);
    this.#total = this.#widths.reduce((sum, width) => sum + width, 0);
  }

  *read(block: string, isLast: boolean): Iterable<TextRecord> {
    const text = this.#rest + block;
    let at = 0;
    while (at < text.length) {
      const lineEnd = findLineEnd(text, at);
      if (!lineEnd && !isLast) break;
      const raw = text.slice(at, lineEnd?.end ?? text.length);
      yield { line: this.#line, raw, fields: this.#split(raw) };
      this.#line += 1;
      at = lineEnd?.next ?? text.length;
    }
    this.#rest = text.slice(at);
  }

  #split(raw: string): string[] {
    // Code points only where there are some beyond one UTF-16 unit: splitting them is slow.
    const chars = /[\ud800-\udbff]/u.test(raw) ? Array.from(raw) : undefined;
    const length = chars?.length ?? raw.length;
    const slice = (from: number, to: number): string =>
      chars?.slice(from, to).join('') ?? raw.slice(from, to);
    const fields: string[] = [];
    let at = 0;
    for (const width of this.#widths) {
      if (at >= length) break;
      fields.push(slice(at, at + width).replace(/ +$/u, ''));
      at += width;
    }
    if (length > this.#total && slice(this.#total, length).trim() !== '')
      fields.push(slice(this.#total, length));
    return fields;
  }
}
