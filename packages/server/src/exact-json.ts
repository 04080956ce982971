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

/** Sixteen digits or more where a number can begin, or an exponent of three. Texts may match: then the slow way decides. */
const SUSPICIOUS = /(?:^|[:,[\s-])\d{16}|\d[eE]\+?\d{3}/u;

/** `JSON.parse` hands a reviver the text of each number. */
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * Parses JSON without changing its numbers: whole numbers beyond 2^53 and numbers beyond what a double holds come as
 * `InexactNumber`, and as texts with `inexact: 'text'`.
 *
 * @throws SyntaxError as `JSON.parse` does; RangeError when it is nested too deeply to be looked through
 */
export function parseExactJson(text: string, { inexact }: { readonly inexact: 'refuse' | 'text' }): unknown {
  if (!SUSPICIOUS.test(text)) return JSON.parse(text);
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
