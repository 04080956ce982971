import { createServer } from 'node:net';
import { type CheckResult, failsBy, LoadError, passes, fails as toFailure } from '@millrace/core';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import type { Project } from '../project/project.ts';
import { tableOf } from '../project/target-name.ts';
import { showText } from '../terminal/show-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { count } from '../terminal/words.ts';

interface DoctorOptions {
  readonly live?: boolean;
  readonly target?: string;
  readonly httpPort?: number;
}

export function addDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('Check everything that loading depends on, and say what to do about what is not right.')
    .option(
      '--live',
      'also run a fake job twice at once, with tables of its own, and look what the warehouse does',
    )
    .option('--target <target>', 'only what concerns this target, and what concerns all')
    .option('--http-port <port>', 'also whether `up` could listen at this port', readPort)
    .addHelpText(
      'after',
      `
With --json a list of {check, status, detail, fix}: status is pass, warn or fail, fix is null where there is nothing to
do. It writes one object below the control prefix and takes it away; with --live also tables in schema millrace.

Examples:
  $ millrace doctor
  $ millrace doctor --live
  $ millrace doctor --json | jq '.[] | select(.status == "fail")'

Exit codes: 0 nothing failed (there may be warnings), 1 something failed, 2 wrong usage.`,
    )
    .action(async (options: DoctorOptions, command: Command) => {
      const results = await examine(options, { context, command });
      if (context.options(command).json) context.terminal.json(results);
      else showResults(results, context.terminal);
      if (results.some(({ status }) => status === 'fail')) context.exitCode = 1;
    });
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/u.test(text) && port > 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('write a number from 1 to 65535.');
}

/** What keeps it from asking at all is a finding as well. */
async function examine(
  { live = false, target, httpPort }: DoctorOptions,
  { context, command }: { context: CommandContext; command: Command },
): Promise<readonly CheckResult[]> {
  const ports = httpPort === undefined ? [] : [await examinePort(httpPort)];
  let project: Project;
  try {
    project = await context.project(command);
  } catch (error) {
    if (error instanceof LoadError && error.code === 'config-missing') throw error;
    return [failsBy('configuration', error, 'correct the configuration'), ...ports];
  }
  const request = { live, ...(target === undefined ? {} : { target: tableOf(target) }) };
  try {
    await using session = await openSession(project, { what: 'millrace doctor', purpose: 'inspect' });
    return [...(await session.operations.doctor(request)), ...ports];
  } catch (error) {
    if (error instanceof LoadError && error.code === 'target-unknown') throw error;
    return [
      passes('configuration', `${count(project.config.targets.size, 'target')}, ${project.configPath}`),
      failsBy('state', error, 'mend what the message names'),
      ...ports,
    ];
  }
}

/** Whether somebody listens there. An `up` of this project may be the one. */
async function examinePort(port: number): Promise<CheckResult> {
  const check = `port ${port}`;
  const server = createServer();
  return new Promise<CheckResult>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const detail = error.code === 'EADDRINUSE' ? 'somebody listens there already' : error.message;
      resolve(
        toFailure(check, detail, 'name another port with --http-port, unless that is your own `millrace up`'),
      );
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => resolve(passes(check, 'is free')));
    });
  });
}

const STYLES = { pass: 'green', warn: 'yellow', fail: 'red' } as const;

function showResults(results: readonly CheckResult[], terminal: Terminal): void {
  const width = Math.min(48, Math.max(...results.map(({ check }) => check.length)));
  for (const { check, status, detail, fix } of results) {
    const mark = terminal.styleResult(STYLES[status], status);
    // A configuration has its problems on lines of their own: they are told below each other, not with escapes.
    const lines = detail.split('\n').map((line) => showText(line.trimEnd()));
    const text = lines.join(`\n${' '.repeat(width + 8)}`);
    terminal.result(`${mark}  ${showText(check).padEnd(width)}  ${text}`);
    if (fix !== null) terminal.result(`${' '.repeat(width + 8)}-> ${showText(fix)}`);
  }
  const failed = results.filter(({ status }) => status === 'fail').length;
  const warned = results.filter(({ status }) => status === 'warn').length;
  terminal.note(`\n${count(results.length, 'check')}: ${failed} failed, ${count(warned, 'warning')}`);
}
