import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSize, parseSize } from './size.ts';

describe('parseSize', () => {
  it.each([
    ['1GB', 1_000_000_000],
    ['64KiB', 65_536],
    ['1.5 MB', 1_500_000],
    ['100b', 100],
    ['2tib', 2 * 2 ** 40],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', '5', '1 G', '-1GB', '1GBit', 'GB', '1e3KB', '99999999TiB'])("refuses '%s'", (text) => {
    expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: 'invalid-size' }));
  });

  it('reads what formatSize writes', () => {
    const units = fc.constantFrom(1, 1e3, 1e6, 1e9, 2 ** 10, 2 ** 20, 2 ** 30);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), units, (amount, unit) => {
        expect(parseSize(formatSize(amount * unit))).toBe(amount * unit);
      }),
    );
  });
});
