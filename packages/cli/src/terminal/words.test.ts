import { describe, expect, it } from 'vitest';
import { count, formatBytes, formatInstant, formatSpan } from './words.ts';

describe('words for amounts', () => {
  it('count things', () => {
    expect([0, 1, 2, 1_234].map((amount) => count(amount, 'file'))).toEqual([
      '0 files',
      '1 file',
      '2 files',
      '1,234 files',
    ]);
  });

  it('keep bytes short, and never show 1000 of a unit', () => {
    expect([0, 999, 1_000, 9_940, 9_960, 99_600, 999_499, 999_500, 1.5e9].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '9.9 kB',
      '10 kB',
      '100 kB',
      '999 kB',
      '1.0 MB',
      '1.5 GB',
    ]);
  });

  it('show spans in the units that matter', () => {
    expect([-5, 20, 999, 4_210, 59_940, 59_960, 185_000, 7_800_000, 273_600_000].map(formatSpan)).toEqual([
      '0 ms',
      '20 ms',
      '999 ms',
      '4.2 s',
      '59.9 s',
      '1 m 00 s',
      '3 m 05 s',
      '2 h 10 m',
      '3 d 4 h',
    ]);
  });

  it('show instants in UTC', () => {
    expect(formatInstant('2026-11-21T12:51:07.123Z')).toBe('2026-11-21 12:51:07Z');
  });
});
