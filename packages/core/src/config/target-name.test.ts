import { expect, it } from 'vitest';
import { parseTargetName } from './target-name.ts';

it.each([
  ['flights', 'public.flights'],
  ['Sales.Orders', 'sales.orders'],
  ['_s.größe_2', '_s.größe_2'],
])('reads %s as %s', (text, name) => {
  expect(parseTargetName(text)).toBe(name);
});

it.each(['', '.', 'a.', 'prod.public.flights', '"a".b', 'a b', '1a', 'a-b', 'x'.repeat(128), 'ü'.repeat(64)])(
  "refuses '%s'",
  (text) => {
    expect(() => parseTargetName(text)).toThrow(expect.objectContaining({ code: 'invalid-target' }));
  },
);
