import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { LoadError } from '@millrace/core';

/** A file, and how it is packed. */
export interface PackedFile {
  readonly path: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

/**
 * Reads a file, unpacked, chunk by chunk, until `take` says that it has enough.
 *
 * @throws LoadError `sample-unreadable` when it cannot be unpacked, or its packed data stops in the middle; also what
 *   `take` throws
 */
export async function readUnpacked(
  { path, compression }: PackedFile,
  take: (chunk: Buffer) => boolean,
): Promise<void> {
  let isEnough = false;
  const takeAll = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      isEnough = take(chunk);
      if (isEnough) return;
    }
  };
  const file = createReadStream(path);
  try {
    if (compression === 'none') await takeAll(file);
    else await pipeline(file, compression === 'gzip' ? createGunzip() : createZstdDecompress(), takeAll);
  } catch (cause) {
    // A pipe that was cut because enough was read complains as well.
    if (!isEnough)
      throw cause instanceof LoadError ? cause : toSampleError(path, cause as NodeJS.ErrnoException);
  } finally {
    file.destroy();
  }
}

function toSampleError(path: string, cause: NodeJS.ErrnoException): LoadError {
  if (cause.code === 'Z_BUF_ERROR') {
    return new LoadError('sample-unreadable', `${path} is cut off: its packed data stops in the middle`, {
      hint: 'take a whole copy of it',
      cause,
    });
  }
  return new LoadError('sample-unreadable', `${path} cannot be unpacked: ${cause.message}`, {
    hint: 'check that its ending tells how it is packed',
    cause,
  });
}
