import { LoadError } from '../recover/load-error.ts';
import { type Token, tokenize } from '../sql/tokenizer.ts';

/** Walks over the tokens of COPY options. What is not there throws LoadError `copy-option`, with its position. */
export class OptionCursor {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  next(): Token | undefined {
    const token = this.#tokens[this.#at];
    if (token) this.#at += 1;
    return token;
  }

  peekWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === 'word' && token.text === word;
  }

  peekOneOf(words: readonly string[]): boolean {
    return words.some((word) => this.peekWord(word));
  }

  takeWord(word: string): boolean {
    const found = this.peekWord(word);
    if (found) this.#at += 1;
    return found;
  }

  takeString(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'string') return undefined;
    this.#at += 1;
    return token.text;
  }

  takeNumber(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'number') return undefined;
    this.#at += 1;
    return token.text;
  }

  takeSwitch(): 'on' | 'off' | undefined {
    if (this.takeWord('on') || this.takeWord('true')) return 'on';
    if (this.takeWord('off') || this.takeWord('false')) return 'off';
    return undefined;
  }

  string(option: string): string {
    const text = this.takeString();
    if (text === undefined) throw this.#expected(option, "a text in 'quotes'");
    return text;
  }

  asString(option: string): string {
    this.takeWord('as');
    return this.string(option);
  }

  asCount(option: string): number {
    this.takeWord('as');
    const text = this.takeNumber() ?? this.takeString();
    if (text === undefined || !/^\d{1,15}$/u.test(text)) throw this.#expected(option, 'a whole number');
    return Number(text);
  }

  identifier(option: string): string {
    const token = this.next();
    if (token?.kind !== 'word' && token?.kind !== 'quoted') throw this.#expected(option, 'a name');
    return token.text;
  }

  #expected(option: string, what: string): LoadError {
    const token = this.#tokens[this.#at];
    const found = token ? `'${this.#text.slice(token.start, token.end)}'` : 'the end';
    const position = (token?.start ?? this.#text.length) + 1;
    return new LoadError(
      'copy-option',
      `${option.toUpperCase()} is to be followed by ${what}, found ${found} (position ${position})`,
    );
  }
}
