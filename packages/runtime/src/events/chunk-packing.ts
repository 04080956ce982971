import { promisify } from 'node:util';
import { gzip, constants as zlib, zstdCompress } from 'node:zlib';
import type { ChunkPacking } from '@millrace/core';

/** Both at their quickest: chunks are read once or twice, and the consumer's time is what runs short first. */
const GZIP_LEVEL = 1;
const ZSTD_LEVEL = 1;

const gzipped = promisify(gzip) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;
const zstded = promisify(zstdCompress) as (
  bytes: Uint8Array,
  options: { params: Readonly<Record<number, number>> },
) => Promise<Buffer>;

/** How chunks are packed. Packing runs beside the event loop. */
export function chunkPacking(compression: 'none' | 'gzip' | 'zstd'): ChunkPacking {
  switch (compression) {
    case 'none':
      return { ending: '', pack: async (pieces) => Buffer.concat(pieces) };
    case 'gzip':
      return { ending: '.gz', pack: (pieces) => gzipped(Buffer.concat(pieces), { level: GZIP_LEVEL }) };
    case 'zstd':
      return {
        ending: '.zst',
        pack: (pieces) =>
          zstded(Buffer.concat(pieces), { params: { [zlib.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }),
      };
  }
}
