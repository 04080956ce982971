import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const BINARY = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin', 'millrace.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has written so far. */
  output(): { stdout: string; stderr: string };
}

const running = new Set<Running>();

/** Starts the real command line as people do. */
export function startMillrace(
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Running {
  const env = { ...process.env, ...options.env };
  delete env.NODE_OPTIONS;
  const child = spawn(process.execPath, [BINARY, ...args], {
    cwd: options.cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    written.stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    written.stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...written }));
  });
  const handle: Running = { process: child, ended, output: () => ({ ...written }) };
  running.add(handle);
  void ended.finally(() => running.delete(handle));
  return handle;
}

export function runMillrace(
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  return startMillrace(args, options).ended;
}

/** Runs a command that has to succeed, and reads its `--json`. */
export async function readMillrace<T>(args: readonly string[], options: { cwd: string }): Promise<T> {
  const { code, stdout, stderr } = await runMillrace([...args, '--json'], options);
  if (code !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** `up`, once other commands can reach it. */
export async function startUp(cwd: string, args: readonly string[] = []): Promise<Running> {
  const up = startMillrace(['up', ...args], { cwd });
  const address = join(cwd, '.millrace', 'up.json');
  await until(
    () => existsSync(address) && readFileSync(address, 'utf8').includes(`"pid":${up.process.pid},`),
    {
      what: () => `up to serve; it said ${JSON.stringify(up.output())}`,
    },
  );
  return up;
}

export async function until(
  isSo: () => boolean | Promise<boolean>,
  { what, withinMs = 20_000 }: { what: () => string; withinMs?: number },
): Promise<void> {
  const deadlineAt = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadlineAt) throw new Error(`waited in vain for ${what()}`);
    await pause(50);
  }
}

const folders: string[] = [];

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
  folders.push(folder);
  return folder;
}

/** Ends what a test left running, and removes its folders. For `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const { process: child } of running) child.kill('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}
