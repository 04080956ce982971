import { promisify } from 'node:util';
import { gzip, constants as zlib, zstdCompress } from 'node:zlib';
import type { ChunkPacking, EventConfig } from '@millrace/core';

const gzipped = promisify(gzip) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;
const zstded = promisify(zstdCompress) as (
  bytes: Uint8Array,
  options: { params: Readonly<Record<number, number>> },
) => Promise<Buffer>;

/** How chunks are packed: at the quickest level, because a function is paid by its time. */
export function chunkPacking(compression: EventConfig['consumer']['compression']): ChunkPacking {
  switch (compression) {
    case 'none':
      return { ending: '', pack: async (pieces) => Buffer.concat(pieces) };
    case 'gzip':
      return { ending: '.gz', pack: (pieces) => gzipped(Buffer.concat(pieces), { level: 1 }) };
    case 'zstd':
      return {
        ending: '.zst',
        pack: (pieces) => zstded(Buffer.concat(pieces), { params: { [zlib.ZSTD_c_compressionLevel]: 1 } }),
      };
  }
}
