/** A member of an object, as it stands there. Texts have a byte per character (latin1). */
export interface JsonMember {
  readonly name: string;
  readonly raw: string;
}

/** One of the values that stand one behind another in a JSON file. */
export type JsonRecord =
  | {
      readonly kind: 'object';
      readonly line: number;
      readonly members: readonly JsonMember[];
      readonly text: string;
    }
  /** No object, or none that is well-formed: COPY refuses it. All up to the end of its line. */
  | { readonly kind: 'broken'; readonly line: number; readonly text: string };

/** COPY's largest object (AWS docs). */
const MAX_OBJECT_BYTES = 4 * 1024 * 1024;

/** Cuts a file into its objects, whatever is between them and however many lines each takes. Holds a chunk and an object; what is in a chunk comes together. */
export async function* jsonObjects(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly JsonRecord[]> {
  let rest = '';
  let line = 1;
  let isFirst = true;
  const cut = (isLast: boolean): readonly JsonRecord[] => {
    const records: JsonRecord[] = [];
    let at = 0;
    for (;;) {
      const start = skipSpace(rest, at);
      line += countFeeds(rest, at, start);
      at = start;
      if (at >= rest.length) break;
      const members: JsonMember[] = [];
      const end = rest[at] === '{' ? scanObject(rest, at, members) : BROKEN;
      if (end === CUT_OFF && !isLast) break;
      if (end < 0) {
        const feed = rest.indexOf('\n', at);
        if (feed < 0 && !isLast) break;
        const stop = feed < 0 ? rest.length : feed;
        records.push({ kind: 'broken', line, text: rest.slice(at, stop) });
        at = stop;
        continue;
      }
      records.push({ kind: 'object', line, members, text: rest.slice(at, end) });
      line += countFeeds(rest, at, end);
      at = end;
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
    if (rest.length > MAX_OBJECT_BYTES) yield cut(true);
  }
  yield cut(true);
}

/** What a text of JSON says, as latin1 of its UTF-8. @returns undefined when its escapes are wrong */
export function textOf(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw.slice(1, -1);
  try {
    const text = JSON.parse(Buffer.from(raw, 'latin1').toString('utf8')) as string;
    return Buffer.from(text, 'utf8').toString('latin1');
  } catch {
    return undefined;
  }
}

const CUT_OFF = -1;
const BROKEN = -2;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/uy;
const MAX_DEPTH = 1_000;

/** The end of the object that begins there, its members told; or CUT_OFF, or BROKEN. */
function scanObject(text: string, start: number, members: JsonMember[] | undefined, depth = 0): number {
  if (depth > MAX_DEPTH) return BROKEN;
  let at = skipSpace(text, start + 1);
  if (text[at] === '}') return at + 1;
  for (;;) {
    if (at >= text.length) return CUT_OFF;
    if (text[at] !== '"') return BROKEN;
    const nameEnd = scanString(text, at);
    if (nameEnd < 0) return nameEnd;
    const colon = skipSpace(text, nameEnd);
    if (colon >= text.length) return CUT_OFF;
    if (text[colon] !== ':') return BROKEN;
    const valueAt = skipSpace(text, colon + 1);
    const valueEnd = scanValue(text, valueAt, depth + 1);
    if (valueEnd < 0) return valueEnd;
    if (members !== undefined) {
      const name = nameOf(text.slice(at, nameEnd));
      if (name === undefined) return BROKEN;
      members.push({ name, raw: text.slice(valueAt, valueEnd) });
    }
    at = skipSpace(text, valueEnd);
    if (text[at] === '}') return at + 1;
    if (at >= text.length) return CUT_OFF;
    if (text[at] !== ',') return BROKEN;
    at = skipSpace(text, at + 1);
  }
}

/** Names that were read lately: objects repeat theirs. */
const names = new Map<string, string>();
const MAX_NAMES = 10_000;

function nameOf(raw: string): string | undefined {
  const known = names.get(raw);
  if (known !== undefined) return known;
  const text = textOf(raw);
  if (text === undefined) return undefined;
  const name = Buffer.from(text, 'latin1').toString('utf8');
  if (names.size >= MAX_NAMES) names.clear();
  names.set(raw, name);
  return name;
}

function scanArray(text: string, start: number, depth: number): number {
  if (depth > MAX_DEPTH) return BROKEN;
  let at = skipSpace(text, start + 1);
  if (text[at] === ']') return at + 1;
  for (;;) {
    const end = scanValue(text, at, depth + 1);
    if (end < 0) return end;
    at = skipSpace(text, end);
    if (text[at] === ']') return at + 1;
    if (at >= text.length) return CUT_OFF;
    if (text[at] !== ',') return BROKEN;
    at = skipSpace(text, at + 1);
  }
}

function scanValue(text: string, at: number, depth: number): number {
  switch (text[at]) {
    case undefined:
      return CUT_OFF;
    case '{':
      return scanObject(text, at, undefined, depth);
    case '[':
      return scanArray(text, at, depth);
    case '"':
      return scanString(text, at);
    default: {
      SCALAR.lastIndex = at;
      const found = SCALAR.exec(text)?.[0];
      if (found === undefined) return text.length - at < 6 ? CUT_OFF : BROKEN;
      // A number that ends with the chunk may go on in the next one.
      return at + found.length >= text.length ? CUT_OFF : at + found.length;
    }
  }
}

function scanString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close < 0) return CUT_OFF;
    let slashes = 0;
    while (text.charCodeAt(close - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return close + 1;
    at = close + 1;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

function countFeeds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
