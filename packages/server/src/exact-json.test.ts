import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InexactNumber, mayBeInexact, parseExactJson } from './exact-json.ts';

const parse = (text: string): unknown => parseExactJson(text, { inexact: 'refuse' });
const asText = (text: string): unknown => parseExactJson(text, { inexact: 'text' });

describe('parseExactJson', () => {
  it('finds each whole number that a double would change, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.string({ maxLength: 40 }),
        fc.constantFrom('', ' ', '\n', '\t', '          '),
        (number, before, blank) => {
          const text = `{${JSON.stringify(before)}:[${blank}${number}${blank},{"a":${blank}${number}}]}`;
          const [first, second] = Object.values(asText(text) as object)[0] as [unknown, { a: unknown }];
          const isExact = BigInt(Number(number)) === number;
          expect([first, second.a]).toEqual(Array(2).fill(isExact ? Number(number) : String(number)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('leaves texts and common numbers alone', () => {
    const text =
      '{"id":"12345678901234567890","at":" 12345678901234567890","n":[1,-2.5,1e10,9007199254740991,0.1]}';
    expect(parse(text)).toEqual(JSON.parse(text));
    expect(mayBeInexact('{"id":"12345678901234567890","n":[1,-2.5,1e10,0.1]}')).toBe(false);
  });

  it('finds numbers that no double holds', () => {
    for (const number of ['1e999', '-1E+400', `1${'0'.repeat(400)}`]) {
      expect(parse(`[${number}]`)).toEqual([new InexactNumber(number)]);
      expect(asText(number)).toBe(number);
    }
    expect(parse('[1e100, 1e-999]')).toEqual([1e100, 0]);
    expect(() => JSON.stringify(parse('{"n":1e999}'))).toThrow('the number 1e999 is not exact');
  });
});
