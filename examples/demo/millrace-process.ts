import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LoaderEvent } from '@millrace/core';

/** The command line itself: what people run. */
const MILLRACE = fileURLToPath(new URL('../../packages/cli/bin/millrace.js', import.meta.url));

/** How long `up` may take to get ready, and to end after the load in hand. */
const READY_MS = 20_000;
const STOP_MS = 30_000;

const running = new Set<ChildProcess>();
let isEnding = false;

function start(directory: string, args: readonly string[]): ChildProcess {
  // What goes on while everything is being ended must not begin anew.
  if (isEnding) throw new Error('the demo is ending');
  const child = spawn(process.execPath, [MILLRACE, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    // It has no terminal: its output is read by this process.
    env: { ...process.env, NO_COLOR: '1' },
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/** Ends what this process started, at once: for Ctrl-C and failures. Resolves when none of it is left. */
export async function killAll(): Promise<void> {
  isEnding = true;
  const ends = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
}

/**
 * Runs `millrace <args> --json` in a project and gives back what it prints.
 *
 * @throws Error with what it said when it fails.
 */
export async function askMillrace<T>(directory: string, ...args: string[]): Promise<T> {
  const child = start(directory, [...args, '--json']);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`\`millrace ${args[0]}\` ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout) as T;
}

/** One that stays the same over a restart of the process that listens there. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A running `millrace up`. */
export class LoaderProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Where it takes events. */
  readonly httpPort: number;
  #stderr = '';

  private constructor(child: ChildProcess, httpPort: number) {
    this.#child = child;
    this.httpPort = httpPort;
    this.#closed = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /**
   * Starts it; resolves when it works. Without a port it finds one that is free.
   *
   * @throws Error when it does not come to that.
   */
  static async start(
    directory: string,
    { onEvent, httpPort }: { onEvent: (event: LoaderEvent) => void; httpPort?: number },
  ): Promise<LoaderProcess> {
    const port = httpPort ?? (await findFreePort());
    const child = start(directory, ['up', '--json', '--http-port', String(port)]);
    const loader = new LoaderProcess(child, port);
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error('the output of `millrace up` is not piped');
    createInterface({ input: stdout }).on('line', (line) => onEvent(JSON.parse(line) as LoaderEvent));
    const ready = new Promise<void>((resolve) => {
      stderr.on('data', (chunk: Buffer) => {
        loader.#stderr += chunk;
        if (loader.#stderr.includes('Ctrl-C stops')) resolve();
      });
    });
    const late = AbortSignal.timeout(READY_MS);
    await Promise.race([ready, loader.#closed, once(late, 'abort')]);
    if (!loader.isRunning || late.aborted) {
      throw new Error(`\`millrace up\` did not get ready: ${loader.#stderr.trim()}`);
    }
    return loader;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it said to people: holds, quarantined files, failures. */
  get notes(): string {
    return this.#stderr.trim();
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    const { signal } = await this.#closed;
    if (signal !== 'SIGKILL') throw new Error(`\`millrace up\` had ended by itself: ${this.notes}`);
  }

  /** As Ctrl-C does. @throws Error when it does not end well. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    const { code } = await this.#closed;
    clearTimeout(late);
    if (code !== 0) throw new Error(`\`millrace up\` ended with ${code}: ${this.notes}`);
  }
}
