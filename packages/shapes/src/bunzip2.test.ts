import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeBzip2 } from './bunzip2.ts';

const pack = (data: Buffer, ...options: string[]): Buffer =>
  execFileSync('bzip2', ['-c', ...options], { input: data, maxBuffer: 1 << 26 });
const unpack = (data: Uint8Array): Buffer => Buffer.concat([...decodeBzip2(data)]);

/** The same bytes in every run. */
function noise(length: number, seed: string): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; parts.length * 32 < length; index += 1)
    parts.push(createHash('sha256').update(`${seed}${index}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

describe('decodeBzip2', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    [
      'long runs',
      Buffer.concat([
        Buffer.alloc(100_000, 'a'),
        Buffer.from('b'),
        Buffer.alloc(259, 'c'),
        Buffer.alloc(4, 'd'),
      ]),
    ],
    [
      'text of several blocks',
      Buffer.from(
        Array.from({ length: 60_000 }, (_, index) => `${index},some text ${index % 97}\n`).join(''),
      ),
    ],
    ['noise of several blocks', noise(1_500_000, 'n')],
  ])('undoes bzip2 of %s', (_what, data) => {
    for (const level of ['-1', '-9']) expect(unpack(pack(data, level)).equals(data)).toBe(true);
  });

  it('reads several streams behind one another', () => {
    expect(
      unpack(
        Buffer.concat([pack(Buffer.from('one\n')), pack(Buffer.alloc(0)), pack(Buffer.from('two\n'))]),
      ).toString(),
    ).toBe('one\ntwo\n');
  });

  it('refuses what is cut off, changed, or something else', () => {
    const packed = pack(noise(5_000, 'p'));
    expect(() => unpack(packed.subarray(0, -8))).toThrow('cut off');
    const changed = Buffer.from(packed);
    changed[2_000] = (changed[2_000] as number) ^ 1;
    expect(() => unpack(changed)).toThrow(/bzip2/u);
    expect(() => unpack(Buffer.from('PK, not this'))).toThrow('not a bzip2 stream');
  });
});
