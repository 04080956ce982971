import { expect, it } from 'vitest';
import { heldSentence } from './held-sentence.ts';

it.each([
  ['held', 'the table is gone', 'public.t is held: the table is gone'],
  ['paused', 'paused by ada: resize', 'public.t is paused by ada: resize'],
  ['held', 'paused by ada: resize', 'public.t is paused by ada: resize'],
  ['held', null, 'public.t is held'],
] as const)('says of a lane that is %s (%s): %s', (state, reason, sentence) => {
  expect(heldSentence('public.t', state, reason)).toBe(sentence);
});
