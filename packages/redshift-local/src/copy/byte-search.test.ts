import { describe, expect, it } from 'vitest';
import { ByteSearch } from './byte-search.ts';

/** What the search finds in the text, given in chunks that end at these places. */
function finds(text: string, ...cuts: number[]): boolean {
  const bytes = Buffer.from(text, 'latin1');
  const search = new ByteSearch({ blankLines: false, looseJson: true });
  const ends = [...cuts, bytes.length];
  return ends.some((end, index) => search.finds(bytes.subarray(ends[index - 1] ?? 0, end)));
}

const LONG_BLANK = ' \t\r\n'.repeat(100);

describe('the search for loose JSON', () => {
  it.each([
    ['a comma behind the last member', '{"a":1,}'],
    ['a comma far before the bracket', `{"a":[1,${LONG_BLANK}]}`],
    ['an escaped NUL', '{"a":"x\\u0000"}'],
    ['a number that is none', '{"a":NaN}'],
    ['an infinity in a list', '[1, -iNf]'],
    ['a number that is none, far behind its colon', `{"a":${LONG_BLANK}nan}`],
  ])('finds %s wherever two chunks meet', (_, text) => {
    const whole = `{"b":"x"}\n${text}\n{"b":"y"}`;
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(finds(whole, cut), `cut at ${cut}`).toBe(true);
      expect(finds(whole, cut, Math.min(cut + 1, whole.length)), `two cuts at ${cut}`).toBe(true);
    }
  });

  it('finds it in pieces of one byte', () => {
    const text = `{"a":${LONG_BLANK}-infinity}`;
    for (const bad of [text, '{"a":"\\u0000"}'])
      expect(finds(bad, ...Array.from(bad, (_, index) => index))).toBe(true);
  });

  it('finds it on the seam of the slices that a chunk is looked at in', () => {
    for (let before = 65_520; before < 65_545; before += 1) {
      expect(finds(`${' '.repeat(before)}{"a":1 , }`), `behind ${before}`).toBe(true);
      expect(finds(`${' '.repeat(before)}{"a": NaN}`), `behind ${before}`).toBe(true);
    }
  });

  it('lets pass what is JSON, however it is cut', () => {
    const text = `{"info":null,"name":"Nancy","b":[{"c":"inf"},[]],${LONG_BLANK}"d":"x,y"}\n`.repeat(3);
    for (let cut = 0; cut <= text.length; cut += 1) expect(finds(text, cut), `cut at ${cut}`).toBe(false);
  });
});
