import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { CopyContext } from './copy-context.ts';
import { openObject, release } from './open-object.ts';
import { SearchedLines } from './searched-lines.ts';
import type { SpooledFile } from './spool-objects.ts';
import type { TextLoad } from './strict-load.ts';

const LINE_FEED = 0x0a;
/** The first one is short, as nobody has anything to do until it is there. */
const FIRST_SEGMENT_BYTES = 16 * 1024 * 1024;
/** Every segment costs one statement of DuckDB, and two of them are on the disk at a time. */
const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * `lines`: a file of whole lines, not compressed. `plain`: one of lines that are plain, and how many. `swallowed`: nothing
 * follows, for `ByteSearch` has found something.
 */
export type LineSegment =
  | { readonly kind: 'lines'; readonly path: string }
  | { readonly kind: 'plain'; readonly path: string; readonly lines: number }
  | { readonly kind: 'swallowed' };

/**
 * The lines of compressed files, inflated once and searched on the way, in files that DuckDB reads with all its threads.
 *
 * The next segment may be asked for while one is read, but none beyond it: its place on the disk is that of the one
 * before. Only for formats whose records end with their line: a quoted line end of CSV would be torn apart.
 *
 * @throws RedshiftError of a file that cannot be read to its end.
 */
export async function* lineSegments(
  load: TextLoad,
  files: readonly SpooledFile[],
  context: CopyContext,
  signal: AbortSignal,
): AsyncGenerator<LineSegment> {
  const places = [new Place(context), new Place(context)] as const;
  let count = 0;
  let place: Place = places[0];
  const searched = new SearchedLines(load);
  const finish = async (): Promise<LineSegment> => {
    const path = await place.finish();
    count += 1;
    place = places[count % 2] as Place;
    const lines = searched.endSegment();
    return lines === undefined ? { kind: 'lines', path } : { kind: 'plain', path, lines };
  };
  try {
    for (const { file, path } of files) {
      for await (const chunk of openObject({ ...file, path }, load.options.compression, context)) {
        if (signal.aborted) return;
        if (searched.finds(chunk)) {
          yield { kind: 'swallowed' };
          return;
        }
        const isFull = place.bytes + chunk.length >= (count === 0 ? FIRST_SEGMENT_BYTES : SEGMENT_BYTES);
        const end = isFull ? chunk.lastIndexOf(LINE_FEED) + 1 : 0;
        if (end > 0) {
          await place.write(chunk.subarray(0, end));
          yield await finish();
        }
        await place.write(chunk.subarray(end));
        release(chunk);
      }
      const { missing, isFound } = searched.endFile();
      if (isFound) {
        yield { kind: 'swallowed' };
        return;
      }
      // The next file begins with a line of its own.
      await place.write(missing);
    }
    if (place.bytes > 0) yield await finish();
  } finally {
    for (const { close } of places) await close();
  }
}

/**
 * A file in the spool directory, with which the session removes it. It is written over and over: the memory behind it
 * is there already, and new memory would cost as much as the bytes do.
 */
class Place {
  static #names = 0;
  readonly #context: CopyContext;
  #file: FileHandle | undefined;
  #path = '';
  #bytes = 0;

  constructor(context: CopyContext) {
    this.#context = context;
  }

  /** Since it was finished last. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    if (!this.#file) {
      this.#path = this.#newPath();
      this.#file = await open(this.#path, 'wx');
    }
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#bytes);
      at += bytesWritten;
      this.#bytes += bytesWritten;
    }
  }

  /** Ends a segment. Each has a path of its own, so that nobody takes one for another that was read before. */
  async finish(): Promise<string> {
    const path = this.#newPath();
    await this.#file?.truncate(this.#bytes);
    await rename(this.#path, path);
    this.#path = path;
    this.#bytes = 0;
    return path;
  }

  readonly close = async (): Promise<void> => {
    await this.#file?.close();
  };

  #newPath(): string {
    Place.#names += 1;
    return join(this.#context.spoolDirectory, `copy-lines-${process.pid}-${Place.#names}.json`);
  }
}
