/** A number that no reader of JSON here would give back as it was written. */
export class InexactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  /** Called when the value is written as JSON: it cannot be. */
  toJSON(): never {
    throw new InexactNumberError(this.source);
  }
}

export class InexactNumberError extends Error {
  readonly source: string;

  constructor(source: string) {
    super(`the number ${source} is not exact`);
    this.source = source;
  }
}

/** Sixteen digits or more may be beyond 2^53. */
const LONG_NUMBER = 16;
/** An exponent of three digits may be beyond what a double holds. */
const LARGE_EXPONENT = /\d[eE]\+?\d{3}/u;
/** What a number comes behind; a text has a quote there. Blanks are in texts too: then the slow way decides. */
const BEFORE_NUMBER = new Set([...':,[-\t\n\r '].map((character) => character.charCodeAt(0)));

/**
 * Whether a JSON text may hold a number that `JSON.parse` would change. Looks at every sixteenth character only: as many digits in
 * a row cannot hide between two of them.
 */
export function mayBeInexact(text: string): boolean {
  for (let at = LONG_NUMBER - 1; at < text.length; at += LONG_NUMBER) {
    if (isDigit(text.charCodeAt(at)) && isLongNumberAt(text, at)) return true;
  }
  return LARGE_EXPONENT.test(text);
}

function isLongNumberAt(text: string, at: number): boolean {
  let from = at;
  while (from > 0 && isDigit(text.charCodeAt(from - 1))) from -= 1;
  let end = at + 1;
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
  return end - from >= LONG_NUMBER && (from === 0 || BEFORE_NUMBER.has(text.charCodeAt(from - 1)));
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `JSON.parse` hands a reviver the text of each number. */
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * Parses JSON without changing its numbers: whole numbers beyond 2^53 and numbers beyond what a double holds come as
 * `InexactNumber`, and as texts with `inexact: 'text'`.
 *
 * @throws SyntaxError as `JSON.parse` does; RangeError when it is nested too deeply to be looked through
 */
export function parseExactJson(text: string, { inexact }: { readonly inexact: 'refuse' | 'text' }): unknown {
  if (!mayBeInexact(text)) return JSON.parse(text);
  const revive: Reviver = (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || isExact(value, source)) return value;
    return inexact === 'text' ? source : new InexactNumber(source);
  };
  return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]);
}

function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) || !/^-?\d+$/u.test(source)) return true;
  return BigInt(value) === BigInt(source);
}
