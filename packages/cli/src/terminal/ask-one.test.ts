import { expect, it } from 'vitest';
import { askOne } from './ask-one.ts';

const CHOICES = { question: 'What?', choices: ['files', 'events'] };

function answering(...answers: string[]) {
  const asked: string[] = [];
  return {
    asked,
    question: async (text: string) => {
      asked.push(text);
      return answers.shift() ?? '';
    },
  };
}

it('takes a number, and Enter for the first', async () => {
  expect(await askOne(answering(' 2 '), CHOICES)).toBe(2);
  expect(await askOne(answering(''), CHOICES)).toBe(1);
});

it('asks again for what is no choice, and not for ever', async () => {
  const prompt = answering('3', 'events', '0', '2');
  expect(await askOne(prompt, CHOICES)).toBe(2);
  expect(prompt.asked).toHaveLength(4);
  expect(await askOne(answering(...Array.from({ length: 50 }, () => 'x')), CHOICES)).toBe(1);
});
