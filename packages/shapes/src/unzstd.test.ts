import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unzstd, unzstdSync } from './unzstd.ts';

const noise = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => ((index * seed) % 251) ^ ((index >> 7) % 64)));
const skippable = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('hello')]);
const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

async function inflated(bytes: Buffer, pieceBytes: number): Promise<Buffer> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const chunks: Buffer[] = [];
  const options = { chunkBytes: 64 * 1024, signal: new AbortController().signal };
  for await (const chunk of unzstd(pieces(), options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('unzstd', () => {
  const contents = [Buffer.from('first\n'), noise(700_000, 7), Buffer.alloc(300_000, 0x61), Buffer.alloc(0)];
  const file = Buffer.concat([
    ...contents.map((content, index) => zstdCompressSync(content, index % 2 === 0 ? {} : checked)),
    skippable,
    zstdCompressSync('last\n'),
  ]);
  const whole = Buffer.concat([...contents, Buffer.from('last\n')]);

  it.each([1, 3, 1000, 65_536, 10_000_000])(
    'reads every frame, in pieces of %i bytes',
    async (pieceBytes) => {
      const bytes =
        pieceBytes === 1 ? Buffer.concat([zstdCompressSync('a'), skippable, zstdCompressSync('b')]) : file;
      const expected = pieceBytes === 1 ? Buffer.from('ab') : whole;
      expect((await inflated(bytes, pieceBytes)).equals(expected)).toBe(true);
    },
  );

  it('reads every frame at once', () => {
    expect(unzstdSync(file).equals(whole)).toBe(true);
  });

  it('tells what is cut off', async () => {
    for (const cut of [1, 5, file.length - 1, file.length - 20, 9]) {
      await expect(inflated(file.subarray(0, cut), 1000)).rejects.toThrow(/unexpected end|Unknown frame/u);
      expect(() => unzstdSync(file.subarray(0, cut))).toThrow(/unexpected end|Unknown frame/u);
    }
  });

  it('tells what is no frame, and a wrong checksum', async () => {
    await expect(inflated(Buffer.concat([file, Buffer.from('rest')]), 1000)).rejects.toThrow('Unknown frame');
    const bad = Buffer.from(zstdCompressSync(noise(10_000, 3), checked));
    bad.writeUInt8((bad.at(-1) as number) ^ 0xff, bad.length - 1);
    await expect(inflated(bad, 1000)).rejects.toThrow(/checksum/u);
    expect(() => unzstdSync(bad)).toThrow(/checksum/u);
  });
});
