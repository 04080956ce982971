import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { AsyncBuffer, Compressors, FileMetaData, ParquetParsers, SchemaTree } from 'hyparquet';
import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { UnpackError } from './unpack.ts';

/** A larger file is not held in memory: its footer is read, and its values are not. */
const MAX_BYTES = 256 * 1024 * 1024;
/** More than any footer has. */
const TAIL_BYTES = 16 * 1024 * 1024;

/** What packs the pages; Snappy comes with the reader. */
const COMPRESSORS: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
};

/** Days and instants as COPY writes them, to the microsecond, which a Date does not keep. */
const PARSERS: Partial<ParquetParsers> = {
  dateFromDays: (days) => new Date(days * 86_400_000).toISOString().slice(0, 10),
  timestampFromMilliseconds: (at) => momentOf(at * 1_000n),
  timestampFromMicroseconds: (at) => momentOf(at),
  timestampFromNanoseconds: (at) => momentOf(at / 1_000n),
} as Partial<ParquetParsers>;

function momentOf(micros: bigint): string {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - rest) / 1_000n)).toISOString().slice(0, 19).replace('T', ' ');
  return rest === 0n ? seconds : `${seconds}.${String(rest).padStart(6, '0')}`;
}

/** A row, by the names of its columns. */
export type ParquetRow = Readonly<Record<string, unknown>>;

/** A Parquet file, as far as it is held. */
export class ParquetFile {
  readonly columns: readonly SchemaTree[];
  /** Null: it is too large to be held, and only its footer is known. */
  readonly #file: AsyncBuffer | null;
  readonly #metadata: FileMetaData;

  private constructor(metadata: FileMetaData, file: AsyncBuffer | null) {
    this.#metadata = metadata;
    this.#file = file;
    this.columns = parquetSchema(metadata).children;
  }

  /** @throws UnpackError when it is no Parquet */
  static async open(chunks: AsyncIterable<Uint8Array>): Promise<ParquetFile> {
    const held: Uint8Array[] = [];
    let bytes = 0;
    let isWhole = true;
    for await (const chunk of chunks) {
      held.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) isWhole = false;
      while (!isWhole && bytes - (held[0]?.byteLength ?? 0) > TAIL_BYTES)
        bytes -= held.shift()?.byteLength ?? 0;
    }
    const all = Buffer.concat(held);
    const buffer = all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength) as ArrayBuffer;
    const file: AsyncBuffer = { byteLength: buffer.byteLength, slice: (from, to) => buffer.slice(from, to) };
    try {
      return new ParquetFile(parquetMetadata(buffer), isWhole ? file : null);
    } catch (cause) {
      throw new UnpackError(`it is no Parquet file, or cut off: ${(cause as Error).message}`, { cause });
    }
  }

  /** Whether values can be read. */
  get isHeld(): boolean {
    return this.#file !== null;
  }

  /** The rows with these columns, a row group at a time. @throws UnpackError */
  async *rows(columns: readonly string[]): AsyncGenerator<readonly ParquetRow[]> {
    if (this.#file === null) return;
    let rowStart = 0;
    for (const { num_rows: rows } of this.#metadata.row_groups) {
      const rowEnd = rowStart + Number(rows);
      const read = parquetReadObjects({
        file: this.#file,
        metadata: this.#metadata,
        columns: [...columns],
        rowStart,
        rowEnd,
        compressors: COMPRESSORS,
        parsers: PARSERS,
      });
      yield (await read.catch((cause: Error) => {
        throw new UnpackError(`its rows cannot be read: ${cause.message}`, { cause });
      })) as readonly ParquetRow[];
      rowStart = rowEnd;
    }
  }
}
