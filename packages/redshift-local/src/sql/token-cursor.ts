import { LoadError, type Token, tokenize } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';

/** A table's name as it was written: folded to lower case, the database dropped. */
export interface QualifiedName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** Redshift's own words for a statement that its grammar does not have. */
export function syntaxErrorNear(text: string): RedshiftError {
  return new RedshiftError(`syntax error at or near "${text}"`, { sqlState: '42601' });
}

/** Tokens of one statement. @throws RedshiftError 42601 for an unterminated literal or a foreign character. */
export function tokensOf(sql: string): Token[] {
  try {
    return tokenize(sql);
  } catch (error) {
    if (error instanceof LoadError)
      throw new RedshiftError(error.message, { sqlState: '42601', cause: error });
    throw error;
  }
}

/** Redshift keeps 127 bytes of a longer identifier. */
const MAX_IDENTIFIER_BYTES = 127;

/**
 * Reads one statement token by token. Words are matched in lower case; a quoted identifier is never a keyword.
 * Every `expect…` throws RedshiftError 42601, naming the token where the grammar was left.
 */
export class TokenCursor {
  readonly sql: string;
  readonly tokens: readonly Token[];
  #at = 0;

  constructor(sql: string, tokens: readonly Token[] = tokensOf(sql)) {
    this.sql = sql;
    this.tokens = tokens;
  }

  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.#at + ahead];
  }

  next(): Token {
    const token = this.tokens[this.#at];
    if (token === undefined) throw this.syntaxError();
    this.#at += 1;
    return token;
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === 'word' && token.text === word;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === 'symbol' && token.text === symbol;
  }

  /** Takes the words when all of them come next, in this order. */
  accept(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => this.isWord(word, ahead))) return false;
    this.#at += words.length;
    return true;
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#at += 1;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.accept(word)) throw this.syntaxError();
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.syntaxError();
  }

  expectEnd(): void {
    if (!this.isAtEnd) throw this.syntaxError();
  }

  identifier(): string {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'quoted') throw this.syntaxError(-1);
    return cutIdentifier(token.text);
  }

  /** `name`, `schema.name` or `database.schema.name`. */
  qualifiedName(): QualifiedName {
    const parts = [this.identifier()];
    while (parts.length < 3 && this.acceptSymbol('.')) parts.push(this.identifier());
    return { schema: parts.at(-2), name: parts.at(-1) as string };
  }

  string(): string {
    const token = this.next();
    if (token.kind !== 'string') throw this.syntaxError(-1);
    return token.text;
  }

  /** A whole number, with its sign. */
  integer(): number {
    const sign = this.acceptSymbol('-') ? -1 : 1;
    const token = this.next();
    if (token.kind !== 'number' || !/^\d+$/u.test(token.text)) throw this.syntaxError(-1);
    return sign * Number(token.text);
  }

  /** `(a, b, c)`. */
  identifierList(): string[] {
    this.expectSymbol('(');
    const names = [this.identifier()];
    while (this.acceptSymbol(',')) names.push(this.identifier());
    this.expectSymbol(')');
    return names;
  }

  /**
   * Moves to the first token outside of parentheses for which `isStop` holds (or to the end) and returns the text
   * that was passed, as it was written.
   */
  textUntil(isStop: (token: Token, cursor: TokenCursor) => boolean): string {
    const first = this.#at;
    let depth = 0;
    while (!this.isAtEnd) {
      const token = this.peek() as Token;
      if (depth === 0 && isStop(token, this)) break;
      if (token.kind === 'symbol' && (token.text === '(' || token.text === '[')) depth += 1;
      if (token.kind === 'symbol' && (token.text === ')' || token.text === ']')) {
        if (depth === 0) throw this.syntaxError();
        depth -= 1;
      }
      this.#at += 1;
    }
    if (depth > 0) throw this.syntaxError();
    return this.textBetween(first, this.#at);
  }

  /** The text of tokens [from, to), as it was written. */
  textBetween(from: number, to: number): string {
    const first = this.tokens[from];
    const last = this.tokens[to - 1];
    if (first === undefined || last === undefined || to <= from) return '';
    return this.sql.slice(first.start, last.end);
  }

  /** What is left of the statement; the cursor moves to the end. */
  rest(): string {
    const text = this.textBetween(this.#at, this.tokens.length);
    this.#at = this.tokens.length;
    return text;
  }

  /** The error for the token at the cursor (`ahead` -1: the one just taken). */
  syntaxError(ahead = 0): RedshiftError {
    const token = this.peek(ahead);
    if (token === undefined) return new RedshiftError('syntax error at end of input', { sqlState: '42601' });
    return syntaxErrorNear(this.sql.slice(token.start, token.end));
  }
}

function cutIdentifier(text: string): string {
  if (text.length * 3 <= MAX_IDENTIFIER_BYTES || Buffer.byteLength(text) <= MAX_IDENTIFIER_BYTES) return text;
  let cut = text;
  while (Buffer.byteLength(cut) > MAX_IDENTIFIER_BYTES) cut = cut.slice(0, -1);
  return cut;
}
