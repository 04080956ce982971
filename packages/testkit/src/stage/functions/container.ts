import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StateError } from '../state-machine/definition.ts';

export interface ContainerOptions {
  readonly name: string;
  readonly arn: string;
  /** The folder of the bundle. */
  readonly code: string;
  /** `index.handler` */
  readonly handler: string;
  /** All that the function sees of an environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Takes the lines that the function prints. */
  readonly onLine: (line: string) => void;
}

/** Runs in the container: takes invocations from the stage, one at a time, as Lambda's runtime does. */
const RUNTIME = `
  const [, url, exported] = process.argv;
  const load = import(url);
  process.on('message', async ({ event, context, deadline }) => {
    try {
      const { [exported]: handler } = await load;
      const answer = await handler(event, { ...context, getRemainingTimeInMillis: () => deadline - Date.now() });
      process.send({ answer: answer ?? null });
    } catch (error) {
      process.send({ error: { type: error?.name ?? 'Error', message: String(error?.message ?? error), stack: error?.stack } });
    }
  });
  load.catch(() => {});`;

interface Reply {
  readonly answer?: unknown;
  readonly error?: { readonly type: string; readonly message: string; readonly stack?: string };
}

/** A container of a function: a process with its bundle, in a directory without packages, that serves one invocation at a time. */
export class Container {
  readonly #options: ContainerOptions;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(options: ContainerOptions) {
    this.#options = options;
    const [file = 'index', exported = 'handler'] = options.handler.split('.');
    const url = pathToFileURL(join(options.code, `${file}.mjs`)).href;
    this.#child = spawn(process.execPath, ['--input-type=module', '-e', RUNTIME, '--', url, exported], {
      cwd: options.code,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = `${rest}${text}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) options.onLine(line);
      });
    }
  }

  /** Whether it can serve another invocation. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.connected;
  }

  /** @throws StateError with the name and message of what the function threw, `Sandbox.Timedout` after its time. */
  async invoke(event: unknown): Promise<unknown> {
    const { name, arn, memoryMb, timeoutSeconds } = this.#options;
    const context = {
      awsRequestId: randomUUID(),
      functionName: name,
      invokedFunctionArn: arn,
      memoryLimitInMB: String(memoryMb),
    };
    const over = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), timeoutSeconds * 1_000);
      });
      const replied = once(this.#child, 'message', { signal: over.signal }) as Promise<[Reply]>;
      replied.catch(ignoreAbort);
      this.#child.send({ event, context, deadline: Date.now() + timeoutSeconds * 1_000 });
      const first = await Promise.race([replied, late, this.#exited.then(() => 'gone' as const)]);
      if (first === 'late') {
        this.#child.kill('SIGKILL');
        throw new StateError('Sandbox.Timedout', `${name} was not done within ${timeoutSeconds} seconds`);
      }
      if (first === 'gone')
        throw new StateError('Runtime.ExitError', `${name} ended in the middle of an invocation`);
      const [{ answer, error }] = first;
      if (error === undefined) return answer;
      const cause = {
        errorType: error.type,
        errorMessage: error.message,
        trace: error.stack?.split('\n') ?? [],
      };
      throw new StateError(error.type, JSON.stringify(cause));
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  async close(): Promise<void> {
    if (this.isAlive) this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
