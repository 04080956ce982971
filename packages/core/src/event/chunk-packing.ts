import { gzip, constants as zlib, zstdCompress } from 'node:zlib';

/** How chunks are packed. */
export interface ChunkPacking {
  /** What COPY is told it by: `.zst`, `.gz` or nothing. */
  readonly ending: string;
  pack(pieces: readonly Uint8Array[]): Promise<Uint8Array>;
}

/** Both at their quickest: chunks are read once or twice, and the consumer's time is what runs short first. */
const GZIP = { level: 1 };
const ZSTD = { params: { [zlib.ZSTD_c_compressionLevel]: 1 } };

/** How chunks are packed. Packing is computing, and runs beside the event loop. */
export function chunkPacking(compression: 'none' | 'gzip' | 'zstd'): ChunkPacking {
  switch (compression) {
    case 'none':
      return { ending: '', pack: async (pieces) => Buffer.concat(pieces) };
    case 'gzip':
      return { ending: '.gz', pack: (pieces) => packed((done) => gzip(Buffer.concat(pieces), GZIP, done)) };
    case 'zstd':
      return {
        ending: '.zst',
        pack: (pieces) => packed((done) => zstdCompress(Buffer.concat(pieces), ZSTD, done)),
      };
  }
}

function packed(
  begin: (done: (error: Error | null, bytes: Uint8Array) => void) => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    begin((error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}
