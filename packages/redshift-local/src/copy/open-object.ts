import { createReadStream, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gunzipSync } from 'node:zlib';
import { type CopyCompression, LoadError } from '@millrace/core';
import { bunzip2, unzstd, unzstdSync } from '@millrace/shapes';
import { RedshiftError } from '../redshift-error.ts';
import type { CopyContext } from './copy-context.ts';
import type { CopyFile } from './copy-file.ts';

/** Up to this size a file is read and decompressed in one piece: for thousands of tiny files streams cost more than the bytes. */
const SMALL_FILE_BYTES = 256 * 1024;
const CHUNK_BYTES = 512 * 1024;

/** A file whose bytes are there and cannot be inflated: cut off, or compressed in another way. */
export class CorruptFileError extends RedshiftError {}

/**
 * The decompressed bytes of an object.
 *
 * @throws RedshiftError naming the file when it is gone, cut off, or not compressed as the options say.
 */
export async function* openObject(
  file: CopyFile,
  compression: CopyCompression | undefined,
  context: CopyContext,
): AsyncGenerator<Buffer> {
  try {
    if (file.path !== undefined && file.size <= SMALL_FILE_BYTES && compression !== 'bzip2') {
      const bytes = readFileSync(file.path);
      yield bytes.length === 0 ? bytes : inflateSmall(bytes, compression);
      return;
    }
    const source = file.path === undefined ? await context.objects.read(file.ref) : readLocal(file.path);
    yield* inflate(source, compression, context.signal);
  } catch (error) {
    throw toFileError(error as Error, file, compression);
  }
}

/**
 * Gives the memory of an inflated chunk back, for one who has done with it and with all chunks before it. The garbage
 * collector, which looks at all objects when so much memory piles up outside of them, would take a third as much time
 * as inflating.
 *
 * Chunks may share their memory: it is given back with the last one, when zlib has gone on to other memory. Any other
 * memory, as that of small files, is left alone.
 */
export function release({ buffer, byteOffset, byteLength }: Buffer): void {
  const isLast = byteOffset + byteLength === buffer.byteLength;
  if (isLast && buffer.byteLength === CHUNK_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function readLocal(path: string): Readable {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

function inflateSmall(bytes: Buffer, compression: CopyCompression | undefined): Buffer {
  if (compression === 'gzip') return gunzipSync(bytes);
  if (compression === 'zstd') return unzstdSync(bytes);
  return bytes;
}

async function* inflate(
  source: AsyncIterable<Uint8Array>,
  compression: CopyCompression | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (compression === 'bzip2') {
    yield* bunzip2(source);
  } else if (compression === 'zstd') {
    yield* unzstd(source, { chunkBytes: CHUNK_BYTES, signal });
  } else if (compression === undefined) {
    for await (const chunk of source) {
      signal.throwIfAborted();
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
  } else {
    const inflater = createGunzip({ chunkSize: CHUNK_BYTES });
    // The pipeline's failure reaches the reader below through the destroyed stream; here it is only kept from being unhandled.
    const feeding = pipeline(source, inflater, { signal }).catch(() => undefined);
    try {
      for await (const chunk of inflater) yield chunk as Buffer;
    } finally {
      inflater.destroy();
      await feeding;
    }
  }
}

function toFileError(error: Error, file: CopyFile, compression: CopyCompression | undefined): Error {
  if (error instanceof RedshiftError || error.name === 'AbortError') return error;
  const isGone =
    (error instanceof LoadError && error.code === 'object-gone') ||
    (error as NodeJS.ErrnoException).code === 'ENOENT';
  if (isGone) {
    return new RedshiftError(
      `S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,Key ${file.ref.key}`,
      { cause: error, detail: file.url },
    );
  }
  if (compression !== undefined) {
    return new CorruptFileError(
      `${compression} decompression of ${file.url} failed: ${error.message}. The file is cut off, or not compressed with ${compression}`,
      { cause: error },
    );
  }
  return new RedshiftError(`reading ${file.url} failed: ${error.message}`, { cause: error });
}
