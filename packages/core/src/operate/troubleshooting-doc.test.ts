import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { HOLD_TODOS } from './hold-todos.ts';

const doc = readFileSync(new URL('../../../../docs/troubleshooting.md', import.meta.url), 'utf8');

/** What the first cells of the tables name. */
const named = new Set(
  doc
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/gu)].map(([, word]) => word)),
);

function textsOf(folder: string): string {
  const at = new URL(`./${folder}/`, import.meta.url);
  const files = readdirSync(at).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  return files.map((name) => readFileSync(new URL(name, at), 'utf8')).join('\n');
}

it.each([...HOLD_TODOS.keys()])('docs/troubleshooting.md says what to do about a lane held as %s', (code) => {
  expect(named).toContain(code);
});

it('docs/troubleshooting.md explains every code at which a file waits or stops', () => {
  const source = textsOf('trace');
  const codes = [
    ...source.matchAll(/(?:waiting|stopped)\(\s*'([\w-]+)'/gu),
    ...source.matchAll(/mark: '(?:waiting|stopped|unknown)',\s*code: '([\w-]+)'/gu),
  ].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(12);
  // Steps of a load that is under way need no help, and one that is not known says so itself.
  const plain = ['running', 'submitting', 'unknown'];
  expect(codes.filter((code) => !plain.includes(code ?? '') && !named.has(code))).toEqual([]);
});

it('docs/troubleshooting.md has a row for every check of doctor', () => {
  const source = textsOf('doctor');
  const checks = [
    ...source.matchAll(/const check = [`']([\w ]+?)(?: \$|['`])/gu),
    ...source.matchAll(/(?:passes|warns|fails|failsBy)\(\s*[`']([\w ]+?)(?: \$|['`])/gu),
  ].map(([, check]) => check ?? '');
  expect(new Set(checks).size).toBeGreaterThan(15);
  const words = [...named].map((word) => word?.replace(/ …$/u, ''));
  // Of a look that broke as a whole the parts are told of.
  const wholes = ['live', 'tables', 'events', 'event'];
  expect(checks.filter((check) => !wholes.includes(check) && !words.includes(check))).toEqual([]);
});
