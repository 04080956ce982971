import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { flightsProject } from './flights-project.ts';
import { BINARY, cleanUp, newFolder, runMillrace } from './run-millrace.ts';

afterEach(cleanUp);

const COMMANDS = [
  'init',
  'up',
  'load',
  'bulk',
  'backfill',
  'dashboard',
  'status',
  'trace',
  'jobs',
  'doctor',
  'failures',
  'redrive',
  'reconcile',
  'prune',
  'pause',
  'resume',
  'plan',
  'transform',
  'tail',
  'migrate',
  'query',
  'grants',
  'backup',
  'restore',
  'deploy',
  'redshift',
] as const;

describe('help', () => {
  it('lists every command', async () => {
    const { code, stdout } = await runMillrace(['--help'], { cwd: await newFolder() });
    expect(code).toBe(0);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+)(?: .*)? {2,}\S/gmu)].map(([, name]) => name);
    expect(listed.filter((name) => name !== 'help')).toEqual(COMMANDS);
  });

  it.each(COMMANDS)('of %s has an example, exit codes and the options of all', async (name) => {
    const { code, stdout } = await runMillrace([name, '--help'], { cwd: await newFolder() });
    expect(code).toBe(0);
    expect(stdout).toContain(`$ millrace ${name}`);
    expect(stdout).toContain('Exit codes:');
    for (const option of ['--json', '--config', '--dir']) expect(stdout).toContain(option);
  });

  it('and the manual name the same commands', () => {
    const manual = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
    const sections = [...manual.matchAll(/^## `millrace ([a-z]+)/gmu)].map(([, name]) => name);
    expect(sections).toEqual(COMMANDS);
    for (const section of manual.split(/^## /mu).filter((text) => text.startsWith('`millrace'))) {
      expect(section).toContain('$ millrace');
      expect(section).toContain('Exit codes');
    }
  });
});

describe('wrong usage ends with 2 and a sentence', () => {
  it.each([
    [[], 'Usage: millrace'],
    [['nonsense'], "unknown command 'nonsense'"],
    [['status', '--nonsense'], "unknown option '--nonsense'"],
    [['load', 'flights'], "missing required argument 'files'"],
    [['status', '--dir', 'nowhere'], 'there is no millrace.config.ts or millrace.config.json in'],
    [['status', '--config', 'nowhere.json'], 'there is no configuration at'],
    [['init', 'p', '--target', 'a.b.c'], "'a.b.c' has more than a schema and a table"],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await runMillrace(args, { cwd: await newFolder() });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/^ +at /mu);
  });

  it('for an unknown target, with the nearest one', async () => {
    const { code, stderr } = await runMillrace(['plan', 'flight'], { cwd: await flightsProject() });
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean public.flights?')]);
  });

  it.each([
    ['millrace.config.json', '{"targets": {"t": {"mode": "apend"}}}', 'targets'],
    ['millrace.config.json', '{"targets": ', 'is not JSON'],
    ['millrace.config.ts', 'export const config = {};', 'has no default export'],
    ['millrace.config.ts', "import x from './missing.ts'; export default x;", 'missing.ts'],
    ['millrace.config.ts', 'export default {', 'cannot be read'],
  ])('for a %s that says %s', async (name, text, sentence) => {
    const cwd = await newFolder();
    await writeFile(join(cwd, name), text);
    const { code, stderr } = await runMillrace(['status'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(join(cwd, name));
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/^ +at /mu);
  });

  it('for two configurations in one directory', async () => {
    const cwd = await flightsProject();
    await writeFile(join(cwd, 'millrace.config.ts'), 'export default {};');
    const { code, stderr } = await runMillrace(['status'], { cwd });
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('has millrace.config.ts and millrace.config.json'),
    ]);
  });
});

describe('the options of every command', () => {
  it('stand before or after its name', async () => {
    const project = await flightsProject();
    const cwd = await newFolder();
    const before = await runMillrace(['--json', '--dir', project, 'status'], { cwd });
    const after = await runMillrace(['status', '--dir', project, '--json'], { cwd });
    expect(before).toMatchObject({ code: 0 });
    expect(JSON.parse(after.stdout)).toEqual(JSON.parse(before.stdout));
  });
});

describe('streams', () => {
  it('have no colours and no progress where there is no terminal', async () => {
    const { stdout, stderr } = await runMillrace(['status'], {
      cwd: await flightsProject(),
      env: { FORCE_COLOR: '1' },
    });
    expect(stdout + stderr).not.toContain('\u{1b}');
  });

  it('may be closed by their reader', async () => {
    const cwd = await flightsProject();
    const child = spawn(process.execPath, [BINARY, 'query', 'SELECT 1'], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, stderr]).toEqual([0, '(1 row)\n']);
  });
});

describe('the version', () => {
  it('is that of the package', () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(execFileSync(process.execPath, [BINARY, '--version'], { encoding: 'utf8' }).trim()).toBe(
      manifest.version,
    );
  });
});
