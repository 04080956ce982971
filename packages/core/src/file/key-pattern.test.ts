import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileKeyPattern, matchesKey, patternsOverlap } from './key-pattern.ts';

const takes = (prefix: string, match: string | null, key: string): boolean =>
  matchesKey(compileKeyPattern(prefix, match), key);

describe('matchesKey', () => {
  it.each([
    ['a/', null, 'a/b/c.csv', true],
    ['a/', null, 'b/c.csv', false],
    ['a/', '*.csv', 'a/c.csv', true],
    ['a/', '*.csv', 'a/b/c.csv', false],
    ['a/', '**.csv', 'a/b/c.csv', true],
    ['a/', '**/part-?.json', 'a/b/c/part-1.json', true],
    ['a/', '**/part-?.json', 'a/b/part-10.json', false],
    ['a/', '*.{csv,tsv}', 'a/x.tsv', true],
    ['a/', '*.{csv,tsv}', 'a/x.psv', false],
    ['a/', '\\*.csv', 'a/*.csv', true],
    ['a/', '\\*.csv', 'a/b.csv', false],
    ['', '*', 'flights', true],
    ['a/', '*', 'a/', true],
    ['a/', '?', 'a/ü', true],
    ['a/', 'x', 'a/xy', false],
  ])("prefix '%s' with %s and key '%s': %s", (prefix, match, key, expected) => {
    expect(takes(prefix, match, key)).toBe(expected);
  });

  it.each(['{a', 'a}', '{a{b}}', 'a\\', '{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}'])("refuses '%s'", (match) => {
    expect(() => compileKeyPattern('', match)).toThrow(expect.objectContaining({ code: 'invalid-pattern' }));
  });

  it('stays fast for patterns that would make a backtracking matcher try everything', () => {
    const pattern = compileKeyPattern('', `${'**a'.repeat(20)}**b`);
    const startedAt = performance.now();
    expect(matchesKey(pattern, 'a'.repeat(1_024))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('patternsOverlap', () => {
  const overlap = (one: [string, string | null], other: [string, string | null]): boolean =>
    patternsOverlap(compileKeyPattern(...one), compileKeyPattern(...other));

  it.each<[[string, string | null], [string, string | null], boolean]>([
    [['a/', null], ['a/b/', null], true],
    [['a/', null], ['b/', null], false],
    [['a/', '*.csv'], ['a/', '*.json'], false],
    [['a/', '*.csv'], ['a/', 'x*'], true],
    [['a/', '*.csv'], ['a/b/', '*.csv'], false],
    [['a/', '**.csv'], ['a/b/', '*.csv'], true],
    [['a/', '*'], ['a/b/c/', null], false],
    [['', null], ['x', '?'], true],
  ])('%j and %j: %s', (one, other, expected) => {
    expect(overlap(one, other)).toBe(expected);
    expect(overlap(other, one)).toBe(expected);
  });

  it('is true whenever one key matches both', () => {
    const text = (chars: string, maxLength: number) =>
      fc.array(fc.constantFrom(...chars), { maxLength }).map((list) => list.join(''));
    const glob = fc.option(text('ab/*?', 5));
    fc.assert(
      fc.property(text('ab/', 2), glob, text('ab/', 2), glob, text('ab/', 6), (p1, m1, p2, m2, key) => {
        const [one, other] = [compileKeyPattern(p1, m1), compileKeyPattern(p2, m2)];
        fc.pre(matchesKey(one, key) && matchesKey(other, key));
        expect(patternsOverlap(one, other)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
