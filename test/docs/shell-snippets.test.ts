import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { CommandContext } from '../../packages/cli/src/command-context.ts';
import { createProgram } from '../../packages/cli/src/program.ts';
import { Terminal } from '../../packages/cli/src/terminal/terminal.ts';
import { commandsOf, programOf, scriptOf } from './shell-command.ts';
import { placeOf, ROOT, snippetsOfKind } from './snippet.ts';

type Command = ReturnType<typeof createProgram>;

const SNIPPETS = snippetsOfKind('shell');
/** What a shell has, and pages need no word about. */
const SHELL_WORDS: ReadonlySet<string> = new Set([
  'cat',
  'cd',
  'cp',
  'curl',
  'export',
  'grep',
  'jq',
  'open',
  'sed',
]);
/** Placeholders of a synopsis are no commands. */
const SYNOPSIS = 'millrace <command> [options]';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** The real commands, which do nothing. */
function newProgram(): { program: Command; said: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk;
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const terminal = new Terminal({ stdout: stream, stderr: stream, env: { NO_COLOR: '1' } });
  const program = createProgram(new CommandContext({ terminal, cwd: '/' }), { version: '0' });
  for (const command of program.commands) muteAll(command);
  return { program, said: () => text };
}

function muteAll(command: Command): void {
  command.action(() => {});
  for (const inner of command.commands) muteAll(inner);
}

/** @returns the code of what is wrong; undefined when the command line would be run. */
function refusalOf(args: readonly string[]): string | undefined {
  const { program, said } = newProgram();
  try {
    program.parse([...args], { from: 'user' });
    return undefined;
  } catch (error) {
    const { code, exitCode, message } = error as Error & { code?: string; exitCode?: number };
    return exitCode === 0 ? undefined : `${code}: ${said() || message}`;
  }
}

/** @returns what is wrong with it. */
function problemOf(words: readonly string[]): string | undefined {
  const [name, ...args] = words;
  // Variables alone.
  if (name === undefined) return undefined;
  if (name === 'millrace') return words.join(' ') === SYNOPSIS ? undefined : refusalOf(args);
  if (name === 'npm') return npmProblemOf(args);
  if (name === 'aws') return undefined;
  return SHELL_WORDS.has(name)
    ? undefined
    : `'${name}' is no command that a page needs; name it here if it is`;
}

function npmProblemOf([verb = '', ...args]: readonly string[]): string | undefined {
  if (verb === 'test' || verb === 'install') return undefined;
  const [script = '', dashes, ...options] = args;
  const line = scripts[script];
  if (verb !== 'run' || line === undefined) return `there is no 'npm ${verb} ${script}'`;
  if (dashes !== undefined && dashes !== '--') return "what is for the script stands behind '--'";
  if (line.includes('millrace.js')) return refusalOf([script, ...options]);
  const file = line.split(' ').find((word) => word.endsWith('.ts'));
  const source = file === undefined ? '' : readFileSync(join(ROOT, file), 'utf8');
  return options
    .filter(
      (option) =>
        option.startsWith('--') && !new RegExp(`^ +${option.slice(2)}: \\{ type`, 'mu').test(source),
    )
    .map((option) => `${file} has no option ${option}`)[0];
}

describe('commands in the pages', () => {
  it.each(
    SNIPPETS.flatMap((snippet) =>
      // That page is executed from its first line to its last, and has documents in its scripts.
      snippet.page === 'docs/getting-started.md' ? [] : commandsOf(scriptOf(snippet), snippet.line),
    ).map((command) => [programOf(command).join(' '), programOf(command)] as const),
  )('%s', (_, words) => {
    expect(problemOf(words)).toBeUndefined();
  });

  it.each(SNIPPETS.map((snippet) => [placeOf(snippet), snippet] as const))('%s is a script', (_, snippet) => {
    const script = scriptOf(snippet)
      .replace(SYNOPSIS, '')
      .replaceAll(/<[A-Z_]+>/gu, 'PLACE');
    execFileSync('bash', ['-n'], { input: script });
  });

  it('have options that there are in the middle of a sentence too', () => {
    const listed = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' });
    const wrong = listed
      .split('\n')
      .filter(Boolean)
      .flatMap((page) =>
        [...readFileSync(join(ROOT, page), 'utf8').matchAll(/`(millrace [a-z][^`\n]*)`/gu)].map(
          ([, text = '']) => ({ page, text }),
        ),
      )
      .map(({ page, text }) => ({
        page,
        text,
        refusal: refusalOf(commandsOf(text)[0]?.words.slice(1) ?? []),
      }))
      // A sentence may leave arguments out, or name them in capitals.
      .filter(({ refusal }) => /unknownOption|unknownCommand/u.test(refusal ?? ''));
    expect(wrong).toEqual([]);
  });

  it('are what --help shows', () => {
    const { program, said } = newProgram();
    for (const command of [program, ...program.commands]) command.outputHelp();
    const examples = [...said().matchAll(/^ {2}\$ (.*)$/gmu)].flatMap(([, text = '']) => commandsOf(text));
    expect(examples.length).toBeGreaterThan(40);
    const wrong = examples.map(programOf).map((words) => [words.join(' '), problemOf(words)]);
    expect(wrong.filter(([, problem]) => problem !== undefined)).toEqual([]);
  });

  it.each([
    [['millrace', 'status', '--wach'], 'unknownOption'],
    [['millrace', 'stats'], 'unknownCommand'],
    [['millrace', 'plan'], 'missingArgument'],
    [['npm', 'run', 'simulate', '--', '--sead', '1'], 'no option --sead'],
    [['npm', 'run', 'nothing'], 'npm run nothing'],
    [['terraform', 'apply'], "'terraform' is no command"],
  ])('are refused when they are wrong: %j', (words, sentence) => {
    expect(problemOf(words)).toContain(sentence);
  });
});
