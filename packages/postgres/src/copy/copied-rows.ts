import { LoadError, type ObjectStore } from '@millrace/core';
import type { CopyColumn } from './copy-column.ts';
import { type FileReading, toFileReading } from './file-reading.ts';
import { JsonRows } from './json-rows.ts';
import { LineRows } from './line-rows.ts';
import { plainBytes } from './plain-bytes.ts';
import { readAhead } from './read-ahead.ts';
import { type CopyEntry, readManifest } from './read-manifest.ts';
import type { RowReader } from './row-reader.ts';
import { type RowProblem, RowRefusal } from './row-refusal.ts';

export interface CopiedRowsOptions {
  readonly objects: ObjectStore;
  readonly manifest: string;
  /** COPY options in Redshift's words. */
  readonly options: string;
  readonly columns: readonly CopyColumn[];
}

/** Where a row of a COPY came from. */
export interface RowPlace {
  readonly url: string;
  /** Null: the object could not be read a second time. */
  readonly line: number | null;
}

/** Rows are handed over in pieces of about this many bytes: small files together, large ones as they come. */
const PIECE_BYTES = 64 * 1024;

/** The rows of a COPY: those of all its objects, one after the other, and which row came from which. */
export class CopiedRows {
  readonly #options: CopiedRowsOptions;
  readonly #reading: FileReading;
  /** How many rows there were before each object that was begun. */
  readonly #begun: { readonly url: string; readonly rowsBefore: number }[] = [];
  #current: CopyEntry | undefined;
  #reader: RowReader;

  constructor(options: CopiedRowsOptions) {
    this.#options = options;
    this.#reading = toFileReading(options.options);
    this.#reader = this.#openReader();
  }

  /** The object that is being read, and what was wrong with it, when reading failed. */
  refusedBy(error: unknown): { readonly url: string; readonly problem: RowProblem } | undefined {
    if (!(error instanceof RowRefusal) || this.#current === undefined) return undefined;
    return { url: this.#current.url, problem: error.problem };
  }

  /** The object that is being read. */
  get url(): string | undefined {
    return this.#current?.url;
  }

  /** PostgreSQL's text format. @throws RowRefusal, LoadError `object-gone` */
  async *rows(): AsyncGenerator<Buffer> {
    const { objects, manifest } = this.#options;
    const entries = await readManifest(objects, manifest);
    let pieces: Buffer[] = [];
    let bytes = 0;
    let rowsBefore = 0;
    this.#current = entries[0];
    for await (const { entry, bytes: packed } of readAhead(objects, entries)) {
      this.#begun.push({ url: entry.url, rowsBefore });
      for await (const rows of this.#rowsOf(packed, this.#reader)) {
        if (rows.length === 0) continue;
        pieces.push(rows);
        bytes += rows.length;
        if (bytes < PIECE_BYTES) continue;
        yield joined(pieces);
        pieces = [];
        bytes = 0;
      }
      rowsBefore += this.#reader.rows;
      this.#current = entries[this.#begun.length];
    }
    if (bytes > 0) yield joined(pieces);
  }

  /** Where a row of the COPY came from, the first being 1: its object is read once more, as far as that row. */
  async placeOf(row: number): Promise<RowPlace | undefined> {
    const object = this.#begun.findLast(({ rowsBefore }) => rowsBefore < row);
    if (object === undefined) return undefined;
    const reader = this.#openReader();
    reader.watchedRow = row - 1 - object.rowsBefore;
    const { objects } = this.#options;
    try {
      const again = readAhead(objects, [{ url: object.url, size: undefined }]);
      for await (const { bytes } of again) {
        for await (const _ of this.#rowsOf(bytes, reader)) {
          if (reader.rows > reader.watchedRow) break;
        }
      }
    } catch (error) {
      // It was readable as far as the row: what is behind it is another matter, and that it is gone by now too.
      if (!(error instanceof RowRefusal || error instanceof LoadError)) throw error;
    }
    return { url: object.url, line: reader.watchedLine };
  }

  async *#rowsOf(packed: AsyncIterable<Uint8Array>, reader: RowReader): AsyncGenerator<Buffer> {
    reader.begin();
    for await (const bytes of plainBytes(packed, this.#reading)) yield reader.push(bytes);
    yield reader.end();
  }

  #openReader(): RowReader {
    const { rows, fields } = this.#reading;
    const { columns } = this.#options;
    return rows.kind === 'json'
      ? new JsonRows(rows, { columns, fields })
      : new LineRows(rows, { columns, fields });
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
