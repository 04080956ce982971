import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { CopyCompression } from '@millrace/core';
import { bunzip2 } from './bunzip2.ts';
import { unzstd } from './unzstd.ts';

const CHUNK_BYTES = 256 * 1024;

/** The bytes are not packed as they should be, or end in the middle. */
export class UnpackError extends Error {}

/**
 * The bytes of a file as they were before they were packed. Holds a chunk; of bzip2, which has no lengths in it, all that is packed.
 *
 * @throws UnpackError, and what `source` throws.
 */
export async function* unpack(
  source: AsyncIterable<Uint8Array>,
  compression: CopyCompression | undefined,
): AsyncGenerator<Uint8Array> {
  if (compression === undefined) {
    // A store may give an object in one piece, of which each part would become a text and its records at once.
    for await (const chunk of source) {
      for (let at = 0; at < chunk.byteLength; at += CHUNK_BYTES) yield chunk.subarray(at, at + CHUNK_BYTES);
    }
    return;
  }
  // What the store throws is no fault of the bytes.
  let failure: { readonly cause: unknown } | undefined;
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (cause) {
      failure = { cause };
      throw cause;
    }
  };
  try {
    yield* inflate(watched(), compression);
  } catch (error) {
    if (failure !== undefined) throw failure.cause;
    throw new UnpackError(`it is cut off, or not packed with ${compression}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function* inflate(
  source: AsyncIterable<Uint8Array>,
  compression: CopyCompression,
): AsyncGenerator<Uint8Array> {
  switch (compression) {
    case 'bzip2':
      yield* bunzip2(source);
      return;
    case 'zstd':
      yield* unzstd(source, { chunkBytes: CHUNK_BYTES, signal: new AbortController().signal });
      return;
    case 'gzip': {
      const inflater = createGunzip({ chunkSize: CHUNK_BYTES });
      // The reader below hears of its failure from the stream; here it is only kept from being unhandled.
      const feeding = pipeline(source, inflater).catch(() => undefined);
      try {
        for await (const chunk of inflater) yield chunk as Buffer;
      } finally {
        inflater.destroy();
        await feeding;
      }
      return;
    }
    case 'lzop':
      throw new Error('LZOP is not read');
  }
}
