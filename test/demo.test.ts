import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DEMO = join(ROOT, 'examples', 'demo', 'demo.ts');
const MILLRACE = join(ROOT, 'packages', 'cli', 'bin', 'millrace.js');

/** A part of the flights that is large enough to be killed in, and as fast as files can come. */
const QUICK = ['--rows', '240000', '--seconds', '4'];

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  /** Resolves with the output when it has the text; rejects when the process ended without. */
  readonly says: (text: string) => Promise<string>;
  readonly ended: Promise<{ code: number | null; output: string }>;
}

function run(args: readonly string[]): Run {
  const child = spawn(process.execPath, ['--conditions=source', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  const waiting: (() => void)[] = [];
  const collect = (chunk: Buffer): void => {
    output += chunk;
    for (const look of waiting) look();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const says = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve(output);
        else if (child.exitCode !== null) reject(new Error(`ended without saying '${text}': ${output}`));
      };
      waiting.push(look);
      look();
    });
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      children.delete(child);
      for (const look of waiting) look();
      resolve({ code, output });
    });
  });
  return { child, says, ended };
}

const directoryOf = (output: string): string => /^in (\S+)$/mu.exec(output)?.[1] ?? '';

/** Processes whose working directory was the project's: what `ps` would show as left behind. */
async function leftBehind(directory: string): Promise<string> {
  const { output } = await run([
    '-e',
    `
    const fs = require('node:fs');
    for (const pid of fs.existsSync('/proc') ? fs.readdirSync('/proc') : []) {
      if (!/^[0-9]+$/.test(pid)) continue;
      try { if (fs.readlinkSync('/proc/' + pid + '/cwd').startsWith(${JSON.stringify(directory)})) console.log(pid); }
      catch (error) { if (!['ENOENT', 'EACCES', 'EPERM', 'ESRCH'].includes(error.code)) throw error; }
    }`,
  ]).ended;
  return output;
}

describe('npm run demo', { timeout: 120_000 }, () => {
  it('comes to the numbers of the sources, and leaves nothing behind', async () => {
    const { code, output } = await run([DEMO, ...QUICK]).ended;
    expect(output).toMatch(/^OK: \d+ numbers checked, all right/mu);
    expect(code).toBe(0);
    expect(output).toMatch(/^ {2}flights +240,000 +235,000 +0 +5,000$/mu);
    expect(output).toMatch(/^ +[\d.]+ s {2}KILLED/mu);
    expect(output).not.toContain('WRONG');
    expect(existsSync(directoryOf(output))).toBe(false);
    for (const line of output.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says which number is off, and fails, when somebody else writes into a table', async () => {
    const demo = run([DEMO, ...QUICK]);
    const output = await demo.says('KILLED');
    await demo.says('millrace up   again');
    const insert = await run([
      MILLRACE,
      '--dir',
      directoryOf(output),
      'query',
      'INSERT INTO delays VALUES (1, 2, 3.5)',
    ]).ended;
    expect(insert.code, insert.output).toBe(0);
    const ended = await demo.ended;
    expect(ended.code).toBe(1);
    expect(ended.output).toMatch(
      /^FAILED: 4 numbers off\n {2}delays rows: expected 200,000, found 200,001$/mu,
    );
  });

  it('ends at once when it is interrupted, and leaves no process and no directory', async () => {
    const demo = run([DEMO, ...QUICK]);
    const directory = directoryOf(await demo.says('millrace up'));
    expect(await leftBehind(directory)).not.toBe('');
    demo.child.kill('SIGINT');
    const { code, output } = await demo.ended;
    expect(code).toBe(130);
    expect(output).toMatch(/\ninterrupted\n$/u);
    expect(existsSync(directory)).toBe(false);
    expect(await leftBehind(directory)).toBe('');
  });

  it('refuses options that make no sense', async () => {
    const { code, output } = await run([DEMO, '--rows', 'many']).ended;
    expect(code).toBe(2);
    expect(output).toContain("--rows is 'many': write a whole number of 48000 or more");
  });
});
