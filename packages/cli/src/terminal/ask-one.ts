import type { Interface } from 'node:readline/promises';

/** A conversation on a terminal. */
export type Prompt = Pick<Interface, 'question'>;

/** What is asked before it is given up: somebody leans on a key. */
const MAX_QUESTIONS = 10;

/** Asks for one of some choices by its number; Enter means the first. @returns the number, from 1 */
export async function askOne(
  prompt: Prompt,
  { question, choices }: { question: string; choices: readonly string[] },
): Promise<number> {
  const listed = choices.map((choice, index) => `  ${index + 1}  ${choice}`).join('\n');
  for (let asked = 0; asked < MAX_QUESTIONS; asked += 1) {
    const answer = (await prompt.question(`${question}\n${listed}\n[1] `)).trim();
    const number = answer === '' ? 1 : Number(answer);
    if (Number.isInteger(number) && number >= 1 && number <= choices.length) return number;
  }
  return 1;
}
