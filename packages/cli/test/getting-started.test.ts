import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { BINARY, cleanUp, newFolder, type Running, startUp, until } from './run-millrace.ts';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const PAGE = readFileSync(join(ROOT, 'docs', 'getting-started.md'), 'utf8');

/** How long rows may take to be there: the freshness of the page's project, and a busy machine. */
const FRESH_MS = 20_000;

interface Step {
  readonly command: string;
  /** What the page shows; null where it shows nothing: the command has to succeed. */
  readonly shown: string | null;
}

/** The commands of the page in their order: a whole `sh` block, and each `$` line of a `console` block. */
function stepsOf(page: string): readonly Step[] {
  return [...page.matchAll(/```(sh|console)\n(.*?)```/gsu)].flatMap(([, language, text = '']): Step[] => {
    if (language === 'sh') return [{ command: text, shown: null }];
    return text
      .split(/^\$ /mu)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return { command: part.slice(0, end), shown: part.slice(end + 1) };
      });
  });
}

/** The same text for the same meaning: what differs from run to run, and from a terminal to a pipe, is masked. */
function masked(output: string): string {
  return output
    .replaceAll(/^\d+ of \d+ files? done\n/gmu, '')
    .replaceAll(/^(?:\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) {2}/gmu, '<at>  ')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/gu, '<at>')
    .replaceAll(/ in [\d.]+ m?s$/gmu, ' in <span>')
    .replaceAll(/\/\S*\/shop\//gu, '<dir>/shop/')
    .trim();
}

/** One shell for the whole page: folders and variables are kept from command to command. */
class Shell {
  readonly #bash: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';
  #asked = 0;

  constructor(env: NodeJS.ProcessEnv) {
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      cwd: ROOT,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#bash, 'close');
    this.#bash.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk;
    });
    this.#bash.stdin?.write('exec 2>&1\n');
  }

  async run(command: string): Promise<string> {
    this.#asked += 1;
    this.#output = '';
    const end = `<end of ${this.#asked}>`;
    this.#bash.stdin?.write(`${command}\necho '${end}'\n`);
    const isOver = (): boolean => this.#output.includes(end) || this.#bash.exitCode !== null;
    await until(isOver, { what: () => `the end of \`${command}\`; it said ${this.#output}` });
    if (!this.#output.includes(end)) throw new Error(`\`${command}\` failed: ${this.#output}`);
    return this.#output.replace(`${end}\n`, '');
  }

  async close(): Promise<void> {
    this.#bash.stdin?.end();
    await this.#closed;
  }
}

afterEach(cleanUp);

describe('docs/getting-started.md', { timeout: 120_000 }, () => {
  it('shows what its commands say, one after another', async () => {
    const folder = await newFolder();
    const shell = new Shell(await environment(folder));
    let up: { running: Running; shown: string } | undefined;
    try {
      for (const { command, shown } of stepsOf(PAGE)) {
        if (command === 'millrace up') {
          up = { running: await startUp((await shell.run('pwd')).trim()), shown: shown ?? '' };
        } else if (shown === null) {
          expect(await shell.run(`set -e\n${command}set +e\necho fine`), command).toMatch(/fine\n$/u);
        } else {
          await expectShown(shell, { command, shown });
        }
      }
    } finally {
      await shell.close();
    }
    if (up === undefined) throw new Error('the page does not leave `up` running');
    up.running.process.kill('SIGINT');
    const { code, stdout, stderr } = await up.running.ended;
    expect(code).toBe(0);
    // Two streams, whose lines a terminal mixes.
    const lines = (text: string): string[] => masked(text).split('\n').sort();
    expect(lines(stdout + stderr)).toEqual(lines(up.shown));
  });

  it('runs every command that it names', () => {
    const run = stepsOf(PAGE)
      .map(({ command }) => command)
      .join('\n');
    for (const command of ['init', 'up', 'load', 'status', 'failures', 'redrive', 'plan', 'query'])
      expect(run).toContain(`millrace ${command} `.trimEnd());
  });
});

/** Questions are asked again until what was handed over before has become rows. */
async function expectShown(
  shell: Shell,
  { command, shown }: { command: string; shown: string },
): Promise<void> {
  const isQuestion = /^millrace (?:query|status|failures)/u.test(command);
  const deadlineAt = Date.now() + (isQuestion ? FRESH_MS : 0);
  let said = '';
  do said = masked(await shell.run(command));
  while (said !== masked(shown) && Date.now() < deadlineAt);
  expect(said, command).toBe(masked(shown));
}

/** A shell as somebody has it who cloned the repository; temporary folders are the test's. */
async function environment(folder: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, 'bin');
  const last = join(folder, 'last');
  await mkdir(bin);
  await mkdir(last);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  // Installing would take the packages away under the tests that run meanwhile. That the script is there is what counts.
  const known = Object.keys(scripts).map((script) => `'run ${script}'`);
  await writeScript(join(bin, 'npm'), `case "$*" in ${known.join(' | ')}) ;; *) exit 1 ;; esac`);
  // Behind the clone's own: an installation that was made before the package had its command has no link to it.
  await writeScript(join(last, 'millrace'), `exec '${process.execPath}' '${BINARY}' "$@"`);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TMPDIR: folder,
    PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}:${last}`,
  };
  delete env.NODE_OPTIONS;
  return env;
}

async function writeScript(path: string, text: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}
