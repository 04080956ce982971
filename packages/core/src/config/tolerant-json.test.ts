import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseTolerantJson } from './tolerant-json.ts';

it('reads what JSON.stringify writes, also with a comma behind every last entry', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, null, 1);
      const parsed: unknown = JSON.parse(text);
      expect(parseTolerantJson(text)).toEqual(parsed);
      // Only line ends outside of strings are written as such.
      const trailing = text.replaceAll(/([^[{\n])(\n *[\]}])/gu, '$1,$2');
      expect(parseTolerantJson(trailing)).toEqual(parsed);
    }),
  );
});

it('leaves commas in texts alone, and refuses what is no JSON', () => {
  expect(parseTolerantJson('{"a": ",]\\",}", "b": [1,\n],}')).toEqual({ a: ',]",}', b: [1] });
  expect(parseTolerantJson('\u{feff}{}')).toEqual({});
  expect(() => parseTolerantJson('[1,,]')).toThrow(SyntaxError);
  expect(() => parseTolerantJson('{"a": 1')).toThrow(SyntaxError);
});
