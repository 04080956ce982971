import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutText } from './cut-text.ts';

it('leaves a text that fits as it is', () => {
  expect(cutText('façade', 7)).toBe('façade');
});

it('keeps the beginning and the end of one that does not, and says how long it was', () => {
  const text = `permission denied for ${'x'.repeat(5_000)}; grant SELECT`;
  const cut = cutText(text, 200);
  expect(cut).toMatch(/^permission denied for x+ …\(5036 bytes\)… x+; grant SELECT$/u);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(200);
});

it('never ends within a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 50, maxLength: 300 }), (text) => {
      const cut = cutText(text, 64);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(64 + 2);
      if (!text.includes('\uFFFD')) expect(cut).not.toContain('\uFFFD');
    }),
  );
});
