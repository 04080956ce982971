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
    const fields = this.#escape && raw.includes('\\') ? this.#splitEscaped(raw) : raw.split(this.#delimiter);
    if (!this.#removeQuotes) return { line: this.#line, raw, fields };
    const bare: string[] = [];
    for (const field of fields) {
      const open = field[0];
      if (open !== '"' && open !== "'") {
        bare.push(field);
      } else if (field.length > 1 && field.endsWith(open)) {
        bare.push(field.slice(1, -1));
      } else {
        const reason = 'Invalid quote formatting: a field begins with a quote and does not end with it';
        return { line: this.#line, raw, fields: [], problem: problem(LOAD_ERROR.line, reason) };
      }
    }
    return { line: this.#line, raw, fields: bare };
  }

  #splitEscaped(raw: string): string[] {
    const fields: string[] = [];
    let field = '';
    for (let at = 0; at < raw.length; at += 1) {
      const char = raw[at] as string;
      if (char === this.#delimiter) {
        fields.push(field);
        field = '';
      } else if (char === '\\' && at + 1 < raw.length) {
        // `\N` is the mark of NULL, and stays what NULL AS is compared with.
        if (raw[at + 1] === 'N') field += '\\';
        else {
          at += 1;
          field += raw[at];
        }
      } else {
        field += char;
      }
    }
    fields.push(field);
    return fields;
  }
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
