/** A record of a CSV file. Texts have a byte per character (latin1): what is written back is what was read. */
export interface CsvRecord {
  readonly line: number;
  /** Fields as they stand in the file, quotes and blanks included. */
  readonly raw: readonly string[];
  /** What the fields say. */
  readonly values: readonly string[];
  /** The whole record without its line end. */
  readonly text: string;
  /** Its quotes are not closed, or something stands behind one: COPY refuses it. */
  readonly isBroken: boolean;
}

/** COPY's largest row (AWS docs). Without it an open quote would gather the rest of a file. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

/**
 * Cuts CSV into records as COPY reads it: doubled quotes inside of quoted fields, line ends and delimiters there being data,
 * blanks around them dropped; a quote inside of an unquoted field is data.
 *
 * Holds one chunk and one record. Records come in batches, one per chunk: waiting for each would cost more than cutting it.
 */
export async function* csvRecords(
  chunks: AsyncIterable<Uint8Array>,
  { delimiter, quote }: { delimiter: string; quote: string },
): AsyncGenerator<readonly CsvRecord[]> {
  let rest = '';
  let line = 1;
  let isFirst = true;
  const cut = (isLast: boolean): readonly CsvRecord[] => {
    const records: CsvRecord[] = [];
    let at = 0;
    while (at < rest.length) {
      const found = readRecord(rest, at, { delimiter, quote, isLast, line });
      if (found === undefined) break;
      records.push(found.record);
      line += found.lines;
      at = found.next;
    }
    rest = rest.slice(at);
    return records;
  };
  for await (const chunk of chunks) {
    rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    if (isFirst && rest.length >= 3) {
      if (rest.startsWith('\u00ef\u00bb\u00bf')) rest = rest.slice(3);
      isFirst = false;
    }
    yield cut(false);
    if (rest.length > MAX_RECORD_BYTES) yield cut(true);
  }
  yield cut(true);
}

interface Cut {
  readonly record: CsvRecord;
  readonly lines: number;
  readonly next: number;
}

type Site = { delimiter: string; quote: string; isLast: boolean; line: number };

function readRecord(text: string, from: number, site: Site): Cut | undefined {
  const feed = text.indexOf('\n', from);
  if (feed < 0 && !site.isLast) return undefined;
  const next = feed < 0 ? text.length : feed + 1;
  const end = endOf(text, from, feed);
  const whole = text.slice(from, end);
  if (!whole.includes(site.quote)) {
    const fields = whole.split(site.delimiter);
    return {
      record: { line: site.line, raw: fields, values: fields, text: whole, isBroken: false },
      lines: 1,
      next,
    };
  }
  return readQuoted(text, from, site);
}

/** Where the line ends whose feed was found there; a carriage return before it belongs to its end. */
function endOf(text: string, from: number, feed: number): number {
  const end = feed < 0 ? text.length : feed;
  return end > from && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
}

function readQuoted(text: string, from: number, site: Site): Cut | undefined {
  const { delimiter, quote, isLast, line } = site;
  const raw: string[] = [];
  const values: string[] = [];
  let at = from;
  for (;;) {
    const start = at;
    while (text[at] === ' ') at += 1;
    if (text[at] === quote) {
      const closed = readQuotedField(text, at + 1, quote);
      if (closed === undefined) return isLast ? broken(text, from, line) : undefined;
      at = closed.next;
      while (text[at] === ' ') at += 1;
      values.push(closed.value);
      raw.push(text.slice(start, at));
    } else {
      const feed = text.indexOf('\n', start);
      if (feed < 0 && !isLast) return undefined;
      const end = endOf(text, start, feed);
      const delimiterAt = text.indexOf(delimiter, start);
      at = delimiterAt < 0 || delimiterAt > end ? end : delimiterAt;
      values.push(text.slice(start, at));
      raw.push(text.slice(start, at));
    }
    if (text[at] === delimiter) {
      at += 1;
      continue;
    }
    if (at >= text.length && !isLast) return undefined;
    const isEnd = at >= text.length || text[at] === '\n' || (text[at] === '\r' && text[at + 1] === '\n');
    if (!isEnd) return broken(text, from, line);
    const feed = text.indexOf('\n', at);
    const whole = text.slice(from, at);
    return {
      record: { line, raw, values, text: whole, isBroken: false },
      lines: 1 + countFeeds(whole),
      next: feed < 0 ? text.length : feed + 1,
    };
  }
}

function readQuotedField(
  text: string,
  from: number,
  quote: string,
): { value: string; next: number } | undefined {
  let value = '';
  let at = from;
  for (;;) {
    const close = text.indexOf(quote, at);
    if (close < 0) return undefined;
    value += text.slice(at, close);
    if (text[close + 1] !== quote) return { value, next: close + 1 };
    value += quote;
    at = close + 2;
  }
}

/** It ends with its line: what follows may be whole again. */
function broken(text: string, from: number, line: number): Cut {
  const feed = text.indexOf('\n', from);
  const whole = text.slice(from, endOf(text, from, feed));
  return {
    record: { line, raw: [whole], values: [whole], text: whole, isBroken: true },
    lines: 1,
    next: feed < 0 ? text.length : feed + 1,
  };
}

function countFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
