import type { ByteSearch } from './byte-search.ts';
import { PlainLines } from './plain-lines.ts';
import type { TextLoad } from './strict-load.ts';
import { searchFor } from './swallowed-bytes.ts';
import { MAX_ROW_BYTES } from './text-record.ts';

const LINE_FEED = 0x0a;
const NOTHING = Buffer.alloc(0);

/**
 * Looks at the chunks of JSON that are cut into segments: line by line as long as they are plain, which leaves nothing
 * to search for; from the first line on that is not, until the segment ends, by `ByteSearch`.
 */
export class SearchedLines {
  readonly #load: TextLoad;
  readonly #plain: PlainLines;
  /** Since the segment began; undefined: one of its lines is not plain. */
  #lines: number | undefined = 0;
  /** Set when the bytes right before were searched: what it looks for may stand on the seam. */
  #search: ByteSearch | undefined;
  /** The line that has not ended yet. It is one of the segment in which it ends. */
  #begun: Buffer = NOTHING;

  constructor(load: TextLoad) {
    this.#load = load;
    this.#plain = new PlainLines(load.plan.fields, load.options);
  }

  /** Whether there is something in this chunk that DuckDB's reader passes over. */
  finds(chunk: Buffer): boolean {
    if (chunk.length === 0) return false;
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    const lines = this.#lines === undefined ? undefined : this.#plainLines(chunk, end);
    const found = lines === undefined && this.#searches(chunk);
    this.#lines = lines;
    const rest = chunk.subarray(end);
    // A copy: what inflates may write over its chunks.
    this.#begun = end > 0 ? Buffer.from(rest) : Buffer.concat([this.#begun, rest]);
    return found;
  }

  /** @returns its lines, when all of them are plain. The next one may be plain again. */
  endSegment(): number | undefined {
    const lines = this.#lines;
    this.#lines = 0;
    return lines;
  }

  /** Ends the last line of a file if the file does not: with `missing`, which belongs to the segment. */
  endFile(): { missing: Buffer; isFound: boolean } {
    const missing = this.#begun.length > 0 ? Buffer.of(LINE_FEED) : NOTHING;
    const isFound = this.finds(missing);
    this.#search = undefined;
    return { missing, isFound };
  }

  /** With the lines that end before `end`; undefined: not all of them are plain. */
  #plainLines(chunk: Buffer, end: number): number | undefined {
    // A line that goes on is still to be looked at; but the search may have seen its beginning, and must see all.
    if (end === 0)
      return this.#search || this.#begun.length + chunk.length > MAX_ROW_BYTES ? undefined : this.#lines;
    const first = this.#begun.length === 0 ? 0 : chunk.indexOf(LINE_FEED) + 1;
    const torn = first === 0 ? 0 : this.#plain.count(Buffer.concat([this.#begun, chunk.subarray(0, first)]));
    if (torn === undefined) return undefined;
    const whole = this.#plain.count(chunk.subarray(first, end));
    if (whole === undefined) return undefined;
    // No plain line has anything on its seams.
    this.#search = undefined;
    return (this.#lines ?? 0) + torn + whole;
  }

  #searches(chunk: Buffer): boolean {
    if (this.#search) return this.#search.finds(chunk);
    this.#search = searchFor(this.#load);
    return this.#search.finds(this.#begun) || this.#search.finds(chunk);
  }
}
