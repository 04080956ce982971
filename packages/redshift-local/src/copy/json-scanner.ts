/** A value inside a JSON text, found but not built. */
export interface JsonSpan {
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  readonly start: number;
  readonly end: number;
}

/** What a text does not keep of JSON's grammar, and where. `isCutOff`: the text ends inside the value. */
export class JsonSyntaxError extends Error {
  readonly position: number;
  readonly isCutOff: boolean;

  constructor(message: string, position: number, isCutOff: boolean) {
    super(message);
    this.name = 'JsonSyntaxError';
    this.position = position;
    this.isCutOff = isCutOff;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
const MAX_DEPTH = 1_000;

export function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/**
 * Finds the end of the JSON value that begins at `start`, checking its grammar on the way. `onMember` is called for
 * every member of the outermost object or array.
 *
 * @throws JsonSyntaxError
 */
export function scanJson(
  text: string,
  start: number,
  onMember?: (key: string | number, value: JsonSpan) => void,
  depth = 0,
): JsonSpan {
  const char = text[start];
  if (char === '{') return scanObject(text, start, onMember, depth);
  if (char === '[') return scanArray(text, start, onMember, depth);
  if (char === '"') return { kind: 'string', start, end: scanString(text, start) };
  for (const [word, kind] of WORDS)
    if (text.startsWith(word, start)) return { kind, start, end: start + word.length };
  NUMBER.lastIndex = start;
  const number = NUMBER.exec(text)?.[0];
  if (number === undefined) throw failure(text, start, 'Invalid value.');
  return { kind: 'number', start, end: start + number.length };
}

const WORDS = [
  ['true', 'boolean'],
  ['false', 'boolean'],
  ['null', 'null'],
] as const;

function scanObject(
  text: string,
  start: number,
  onMember: ((key: string | number, value: JsonSpan) => void) | undefined,
  depth: number,
): JsonSpan {
  if (depth > MAX_DEPTH) throw new JsonSyntaxError('JSON is nested too deeply', start, false);
  let at = skipSpace(text, start + 1);
  if (text[at] === '}') return { kind: 'object', start, end: at + 1 };
  for (;;) {
    if (text[at] !== '"') throw failure(text, at, 'Invalid JSON structure. Expected a name in quotes');
    const keyEnd = scanString(text, at);
    const key = onMember ? stringOf(text, at, keyEnd) : '';
    at = skipSpace(text, keyEnd);
    if (text[at] !== ':') throw failure(text, at, "Invalid JSON structure. Expected ':' after a name");
    const value = scanJson(text, skipSpace(text, at + 1), undefined, depth + 1);
    onMember?.(key, value);
    at = skipSpace(text, value.end);
    if (text[at] === '}') return { kind: 'object', start, end: at + 1 };
    if (text[at] !== ',') {
      throw failure(
        text,
        at,
        "Invalid JSON structure. Expected separator character ',' or end of object '}'",
      );
    }
    at = skipSpace(text, at + 1);
  }
}

function scanArray(
  text: string,
  start: number,
  onMember: ((key: string | number, value: JsonSpan) => void) | undefined,
  depth: number,
): JsonSpan {
  if (depth > MAX_DEPTH) throw new JsonSyntaxError('JSON is nested too deeply', start, false);
  let at = skipSpace(text, start + 1);
  if (text[at] === ']') return { kind: 'array', start, end: at + 1 };
  for (let index = 0; ; index += 1) {
    const value = scanJson(text, at, undefined, depth + 1);
    onMember?.(index, value);
    at = skipSpace(text, value.end);
    if (text[at] === ']') return { kind: 'array', start, end: at + 1 };
    if (text[at] !== ',') {
      throw failure(text, at, "Invalid JSON structure. Expected separator character ',' or end of array ']'");
    }
    at = skipSpace(text, at + 1);
  }
}

function scanString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close < 0) throw new JsonSyntaxError('Invalid JSON structure. A text is never closed', start, true);
    let slashes = 0;
    while (text.charCodeAt(close - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return close + 1;
    at = close + 1;
  }
}

/** @throws JsonSyntaxError for a bad escape or a control character. */
export function stringOf(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in texts.
  if (!/[\\\u0000-\u001f]/u.test(inner)) return inner;
  try {
    return JSON.parse(text.slice(start, end)) as string;
  } catch (error) {
    throw new JsonSyntaxError(`Invalid value. ${(error as Error).message}`, start, false);
  }
}

function failure(text: string, at: number, message: string): JsonSyntaxError {
  return new JsonSyntaxError(message, at, at >= text.length);
}
