import { LOAD_ERROR, problem } from './row-problem.ts';
import { findLineEnd, MAX_ROW_BYTES, type RecordReader, type TextRecord } from './text-record.ts';

/**
 * CSV: fields between delimiters, quoted ones with doubled quotes inside, line ends and delimiters inside quotes
 * being data. Blanks around a quoted field are dropped; a quote inside an unquoted field is data.
 */
export class CsvRecords implements RecordReader {
  readonly #delimiter: string;
  readonly #quote: string;
  #rest = '';
  #line = 1;

  constructor(options: { delimiter: string; quote: string }) {
    this.#delimiter = options.delimiter;
    this.#quote = options.quote;
  }

  *read(block: string, isLast: boolean): Iterable<TextRecord> {
    const text = this.#rest + block;
    let at = 0;
    while (at < text.length) {
      const found = this.#readRecord(text, at, isLast);
      if (!found) break;
      yield found.record;
      at = found.next;
    }
    this.#rest = text.slice(at);
    if (this.#rest.length > MAX_ROW_BYTES) {
      // An open quote would otherwise gather the rest of the file.
      yield this.#broken(
        this.#rest.slice(0, MAX_ROW_BYTES),
        'Invalid quote formatting for CSV: a quote is never closed',
      );
      const end = findLineEnd(this.#rest, 0)?.next ?? this.#rest.length;
      this.#line += 1;
      this.#rest = this.#rest.slice(end);
    }
  }

  #readRecord(text: string, from: number, isLast: boolean): { record: TextRecord; next: number } | undefined {
    const lineEnd = findLineEnd(text, from);
    if (!lineEnd && !isLast) return undefined;
    const end = lineEnd?.end ?? text.length;
    const next = lineEnd?.next ?? text.length;
    const raw = text.slice(from, end);
    if (!raw.includes(this.#quote)) {
      const record = { line: this.#line, raw, fields: raw.split(this.#delimiter) };
      this.#line += 1;
      return { record, next };
    }
    return this.#readQuoted(text, from, isLast);
  }

  #readQuoted(text: string, from: number, isLast: boolean): { record: TextRecord; next: number } | undefined {
    const fields: string[] = [];
    let at = from;
    for (;;) {
      let open = at;
      while (text[open] === ' ') open += 1;
      if (text[open] === this.#quote) {
        const closed = this.#readQuotedField(text, open + 1);
        if (!closed) {
          if (!isLast) return undefined;
          return this.#finishBroken(text, from, 'Invalid quote formatting for CSV: a quote is never closed');
        }
        fields.push(closed.value);
        at = closed.next;
        while (text[at] === ' ') at += 1;
      } else {
        const delimiterAt = indexOrEnd(text, this.#delimiter, at);
        const lineEnd = findLineEnd(text, at);
        if (!lineEnd && !isLast) return undefined;
        const end = Math.min(delimiterAt, lineEnd?.end ?? text.length);
        fields.push(text.slice(at, end));
        at = end;
      }
      if (text[at] === this.#delimiter) {
        at += 1;
        continue;
      }
      const isEnd = at >= text.length || text[at] === '\n' || (text[at] === '\r' && text[at + 1] === '\n');
      if (!isEnd)
        return this.#finishBroken(
          text,
          from,
          `Invalid quote formatting for CSV. Unexpected character 0x${text.charCodeAt(at).toString(16)} found`,
        );
      if (at >= text.length && !isLast) return undefined;
      const raw = text.slice(from, at);
      const record = { line: this.#line, raw, fields };
      this.#line += 1 + countLineEnds(raw);
      return { record, next: findLineEnd(text, at)?.next ?? text.length };
    }
  }

  #readQuotedField(text: string, from: number): { value: string; next: number } | undefined {
    let value = '';
    let at = from;
    for (;;) {
      const close = text.indexOf(this.#quote, at);
      if (close < 0) return undefined;
      value += text.slice(at, close);
      if (text[close + 1] !== this.#quote) return { value, next: close + 1 };
      value += this.#quote;
      at = close + 2;
    }
  }

  /** The record ends with its line: what follows may be whole again. */
  #finishBroken(text: string, from: number, reason: string): { record: TextRecord; next: number } {
    const lineEnd = findLineEnd(text, from);
    const record = this.#broken(text.slice(from, lineEnd?.end ?? text.length), reason);
    this.#line += 1;
    return { record, next: lineEnd?.next ?? text.length };
  }

  #broken(raw: string, reason: string): TextRecord {
    return { line: this.#line, raw, fields: [], problem: problem(LOAD_ERROR.line, reason) };
  }
}

function indexOrEnd(text: string, part: string, from: number): number {
  const at = text.indexOf(part, from);
  return at < 0 ? text.length : at;
}

function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
