import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chunkPacking } from './chunk-packing.ts';

describe('chunks', () => {
  it.each([
    ['none', '', (bytes: Uint8Array) => bytes],
    ['gzip', '.gz', gunzipSync],
    ['zstd', '.zst', zstdDecompressSync],
  ] as const)(
    'that are packed by %s hold all pieces in their order, and end %s',
    async (how, ending, unpack) => {
      const packing = chunkPacking(how);
      const packed = await packing.pack([Buffer.from('a,1\n'), Buffer.from(''), Buffer.from('b,2\n')]);
      expect(packing.ending).toBe(ending);
      expect(Buffer.from(unpack(packed)).toString()).toBe('a,1\nb,2\n');
    },
  );
});
