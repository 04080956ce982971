import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['1m', 60_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['1h0m5ms', 3_600_005],
    ['0s', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '5', '5 s', '-5s', '5S', 's', '30s1m', '1m1m', '1.5ms', '5sec', `${'9'.repeat(400)}d`])(
    "refuses '%s' with a way out",
    (text) => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'invalid-duration' }));
      expect(() => parseDuration(text)).toThrow(/is not a duration/u);
    },
  );

  it('reads what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
