import { MAX_ROW_BYTES } from './text-record.ts';

const LINE_FEED = 0x0a;
/** As text, this many bytes stay in the processor's cache: larger pieces cost three times as much. */
const SLICE_BYTES = 64 * 1024;

/** A NUL in a text of JSON. */
const NUL = '\\u0000';
/** A number that is none. Slow, as every colon and comma begins one: asked only of text that has its letters. */
const NO_NUMBER = /[:[,][ \t\r\n]*-?(?:nan|inf)/iu;
const NO_NUMBER_LETTERS = /nan|inf/iu;
/** What stands on either side of a seam and may belong to one number that is none; `:-inf` is the longest. */
const SEAM_CHARS = 8;
const BEGUN = /-?[a-z]{0,3}$/iu;

/**
 * Looks through the chunks of one file for what DuckDB's reader passes over and Redshift does not: blank lines, NULs,
 * lines beyond the bound of a row; in JSON escaped NULs, a comma behind the last member, NaN and infinities.
 *
 * May say yes to what only looks like it (inside of a text): that costs a second look, by the strict path, and nothing
 * else.
 */
export class ByteSearch {
  readonly #what: { readonly blankLines: boolean; readonly looseJson: boolean };
  #last = LINE_FEED;
  #lineBytes = 0;
  /** Of the text so far: its end as it stands there. */
  #end = '';
  /** What `#keepTail` has kept of it. */
  #tail = '';

  constructor(what: { readonly blankLines: boolean; readonly looseJson: boolean }) {
    this.#what = what;
  }

  /** Whether there is something in this chunk, or on its seam with the one before. */
  finds(chunk: Buffer): boolean {
    if (chunk.length === 0) return false;
    if (chunk.includes(0) || this.#isLongLine(chunk)) return true;
    if (this.#what.blankLines && this.#hasBlankLine(chunk)) return true;
    this.#last = chunk.at(-1) ?? this.#last;
    return this.#what.looseJson && this.#isLoose(chunk);
  }

  /** A line that is longer than a row may be covers whole chunks, so that only their ends have to be looked at. */
  #isLongLine(chunk: Buffer): boolean {
    const first = chunk.indexOf(LINE_FEED);
    const bytes = this.#lineBytes + (first < 0 ? chunk.length : first);
    this.#lineBytes = first < 0 ? bytes : chunk.length - chunk.lastIndexOf(LINE_FEED) - 1;
    return bytes > MAX_ROW_BYTES;
  }

  #hasBlankLine(chunk: Buffer): boolean {
    const first = chunk[0] === 0x0d && chunk.length > 1 ? chunk[1] : chunk[0];
    if (this.#last === LINE_FEED && first === LINE_FEED) return true;
    return chunk.includes('\n\n') || chunk.includes('\n\r\n');
  }

  #isLoose(chunk: Buffer): boolean {
    for (let from = 0; from < chunk.length; from += SLICE_BYTES) {
      const text = chunk.toString('latin1', from, from + SLICE_BYTES);
      if (this.#hasTrailingComma(text, '}') || this.#hasTrailingComma(text, ']')) return true;
      if (text.includes(NUL) || (this.#end + text.slice(0, NUL.length - 1)).includes(NUL)) return true;
      this.#end = (this.#end + text.slice(1 - NUL.length)).slice(1 - NUL.length);
      if (NO_NUMBER.test(this.#tail + text.trimStart().slice(0, SEAM_CHARS))) return true;
      if (NO_NUMBER_LETTERS.test(text) && NO_NUMBER.test(text)) return true;
      this.#keepTail(text);
    }
    return false;
  }

  /** What may be the beginning of a number that is none, and the character before it; no blanks, however many there are. */
  #keepTail(text: string): void {
    const end = text.trimEnd();
    const begun = BEGUN.exec(end.slice(-SEAM_CHARS))?.[0] ?? '';
    const before = end.slice(0, end.length - begun.length).trimEnd();
    this.#tail = `${before === '' ? this.#tail : before.slice(-1)}${begun}`.slice(-SEAM_CHARS);
  }

  /** By the brackets, which are one per object, and not by the commas, which are one per member. */
  #hasTrailingComma(text: string, bracket: '}' | ']'): boolean {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      let before = at - 1;
      while (before >= 0 && BLANKS.includes(text.charAt(before))) before -= 1;
      if ((before < 0 ? this.#tail.at(-1) : text[before]) === ',') return true;
    }
    return false;
  }
}

const BLANKS = ' \t\r\n';
