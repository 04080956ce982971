import { readFileSync } from 'node:fs';
import { LoadError } from '@millrace/core';
import { CommanderError } from 'commander';
import { CommandContext } from './command-context.ts';
import { createProgram } from './program.ts';
import { Terminal } from './terminal/terminal.ts';

/** Failures that the command line or the configuration is to blame for: nothing was tried. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'target-column-missing',
  'config-invalid',
  'retention-too-short',
  'config-missing',
  'config-ambiguous',
  'target-table-missing',
  'target-unknown',
  'wrong-usage',
  'server-settings',
  'server-open',
]);

/** Runs the command that the process was started with, and ends the process with its exit code. */
export async function runMillrace(): Promise<void> {
  const terminal = new Terminal({ stdout: process.stdout, stderr: process.stderr, env: process.env });
  const code = await runCommand(process.argv.slice(2), { terminal, cwd: process.cwd() });
  await terminal.flush();
  // Not by running dry: a handle that a library left open must not keep a finished command.
  process.exit(code);
}

/**
 * Runs one command line.
 *
 * @param args without the names of Node and of the script
 * @returns 0 done, 1 something failed (named on stderr), 2 wrong usage or configuration
 */
export async function runCommand(
  args: readonly string[],
  { terminal, cwd }: { terminal: Terminal; cwd: string },
): Promise<0 | 1 | 2> {
  const context = new CommandContext({ terminal, cwd });
  try {
    await createProgram(context, { version: readVersion() }).parseAsync([...args], { from: 'user' });
    return context.exitCode;
  } catch (thrown) {
    const error = firstFailure(thrown);
    // Commander has said already what was wrong; help and version are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.note(`${terminal.styleNote('red', 'error')}: ${sentenceOf(error)}`);
    if (process.env.MILLRACE_DEBUG && error instanceof Error) terminal.note(stackOf(error));
    return error instanceof LoadError && USAGE_CODES.has(error.code) ? 2 : 1;
  }
}

/** What went wrong first: closing what a command had open often fails for the same reason, and would hide it. */
function firstFailure(thrown: unknown): unknown {
  return thrown instanceof SuppressedError ? firstFailure(thrown.suppressed) : thrown;
}

function sentenceOf(error: unknown): string {
  if (error instanceof LoadError) return error.sentence;
  if (error instanceof Error && isExpected(error)) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `${message} (unexpected; run again with MILLRACE_DEBUG=1 for where it happened)`;
}

/** What the machine or the engine says in a sentence of its own: a port in use, a file that another process has. */
function isExpected({ name, code }: Error & { code?: unknown }): boolean {
  return name === 'RedshiftError' || code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES';
}

function stackOf(error: Error): string {
  const stack = error.stack ?? String(error);
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
