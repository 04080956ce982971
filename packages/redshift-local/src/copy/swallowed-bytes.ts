import type { CopyContext } from './copy-context.ts';
import { openObject } from './open-object.ts';
import type { TextLoad } from './strict-load.ts';
import { MAX_ROW_BYTES } from './text-record.ts';

const LINE_FEED = 0x0a;

/**
 * Whether there is something in the bytes that DuckDB's reader passes over and Redshift does not: blank lines, NULs,
 * lines beyond the bound of a row; in JSON a comma behind the last member, NaN and infinities. May say yes to what
 * only looks like it (inside of a text): that costs a second look, by the strict path, and nothing else.
 *
 * All files are searched to their ends, the compressed ones inflated for it: what stands in the last line counts as
 * much as what stands in the first, and here is where their checksums are checked.
 *
 * @throws RedshiftError of a file that cannot be read.
 */
export async function hasSwallowedBytes(
  { files, options, shape }: TextLoad,
  context: CopyContext,
  signal: AbortSignal,
): Promise<boolean> {
  const seen = {
    blankLines: !options.ignoreBlankLines && shape === undefined,
    looseJson: shape !== undefined,
  };
  for (const file of files) {
    const search = new ByteSearch(seen);
    for await (const chunk of openObject(file, options.compression, context)) {
      if (signal.aborted) return false;
      if (search.finds(chunk)) return true;
    }
  }
  return false;
}

/** A number that is none. Slow, as every colon and comma begins one: asked only of chunks that have its letters. */
const NO_NUMBER = /[:[,][ \t\r\n]*-?(?:nan|inf)/iu;
const NO_NUMBER_LETTERS = /nan|inf/iu;
/** Of the chunk before: what a match may begin with. */
const CARRIED = 32;

/** Looks through the chunks of one file. */
class ByteSearch {
  readonly #what: { readonly blankLines: boolean; readonly looseJson: boolean };
  #last = LINE_FEED;
  #lineBytes = 0;
  #tail = '';

  constructor(what: { readonly blankLines: boolean; readonly looseJson: boolean }) {
    this.#what = what;
  }

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
    const text = this.#tail + chunk.toString('latin1');
    this.#tail = text.slice(-CARRIED);
    if (hasTrailingComma(text, '}') || hasTrailingComma(text, ']')) return true;
    return NO_NUMBER_LETTERS.test(text) && NO_NUMBER.test(text);
  }
}

/** By the brackets, which are one per object, and not by the commas, which are one per member. */
function hasTrailingComma(text: string, bracket: '}' | ']'): boolean {
  for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
    let before = at - 1;
    while (BLANKS.includes(text.charAt(before)) && before >= 0) before -= 1;
    if (text.charAt(before) === ',') return true;
  }
  return false;
}

const BLANKS = ' \t\r\n';
