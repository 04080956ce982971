import { expect, it } from 'vitest';
import { nearestWord } from './nearest-word.ts';

const KEYS = ['freshness', 'from', 'format', 'maxFiles', 'maxBytes', 'latestBy', 'after'];

it.each([
  ['fresness', 'freshness'],
  ['frehsness', 'freshness'],
  ['max_files', 'maxFiles'],
  ['MAXBYTES', 'maxBytes'],
  ['latest', 'latestBy'],
  ['form', 'from'],
])('takes %s for %s', (word, meant) => {
  expect(nearestWord(word, KEYS)).toBe(meant);
});

it('has no suggestion for a word that is like none', () => {
  expect(nearestWord('wibble', KEYS)).toBeUndefined();
  expect(nearestWord('', KEYS)).toBeUndefined();
});
