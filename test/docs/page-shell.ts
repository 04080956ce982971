import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BINARY } from '../../packages/cli/test/run-millrace.ts';

const run = promisify(execFile);
const ANSWER_WITHIN_MS = 60_000;

/** A shell as a reader has it, in a folder of the test's. */
export class PageShell {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#env = env;
  }

  /** @param folder for its own few files */
  static async open(folder: string, more: NodeJS.ProcessEnv = {}): Promise<PageShell> {
    const command = join(folder, 'millrace');
    await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${BINARY}' "$@"\n`);
    await chmod(command, 0o755);
    // Pages show what is typed; that an answer is an error is for the test to see.
    await writeFile(join(folder, '.curlrc'), 'silent\nfail-with-body\n');
    const path = `${folder}:${dirname(process.execPath)}:${process.env.PATH}`;
    const env: NodeJS.ProcessEnv = { ...process.env, PATH: path, CURL_HOME: folder, ...more };
    delete env.NODE_OPTIONS;
    return new PageShell(folder, env);
  }

  /**
   * @returns what was written to stdout
   * @throws Error when one of its commands fails, with what it wrote to stderr
   */
  async run(script: string, { cwd = this.#folder }: { cwd?: string } = {}): Promise<string> {
    const { stdout } = await run('bash', ['--noprofile', '--norc', '-euo', 'pipefail', '-c', script], {
      cwd,
      env: this.#env,
      timeout: ANSWER_WITHIN_MS,
    });
    return stdout;
  }
}
