import { setTimeout as pause } from 'node:timers/promises';
import { LoadError, type LoaderEvent } from '@millrace/core';
import type { Millrace, MillraceOptions } from '@millrace/runtime';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import {
  type ControlAddress,
  newToken,
  removeControlFile,
  writeControlFile,
} from '../control/control-file.ts';
import { ControlServer } from '../control/control-server.ts';
import { findRunning } from '../control/session.ts';
import { type StopSignal, watchStopSignals } from '../control/stop-signals.ts';
import { controlPathOf, type Project } from '../project/project.ts';
import { eventLine, isGoodNews } from '../terminal/event-line.ts';
import { showText } from '../terminal/show-text.ts';
import { count } from '../terminal/words.ts';

/** How long a short command may still have the state directory when `up` begins. */
const STATE_WAIT_MS = 3_000;

export function addUp(program: Command, context: CommandContext): void {
  program
    .command('up')
    .description('Run the pipeline: take files as they arrive, load them, until it is stopped.')
    .option('--until-idle', 'load everything that waits, then end')
    .addHelpText(
      'after',
      `
Every load is a line on stdout (with --json an event per line); quarantined files, holds and failures are lines on
stderr. SIGINT and SIGTERM end it after the load in hand. The other commands reach it while it runs.

Examples:
  $ millrace up
  $ millrace up --until-idle

Exit codes: 0 stopped, or nothing waits any more (quarantined files are named on stderr, and stay visible in
\`millrace failures\`); 1 a lane is held, or it could not run; 2 wrong usage or configuration.`,
    )
    .action(async (options: { untilIdle?: boolean }, command: Command) => {
      const project = await context.project(command);
      await runUp(project, {
        context,
        untilIdle: options.untilIdle === true,
        json: context.options(command).json,
      });
    });
}

async function runUp(
  project: Project,
  { context, untilIdle, json }: { context: CommandContext; untilIdle: boolean; json: boolean | undefined },
): Promise<void> {
  const { terminal } = context;
  const signal = watchStopSignals(terminal);
  const stop = new AbortController();
  void signal.stopped.then(() => stop.abort());
  const millrace = await openUnlessStopped(project, signal, {
    directory: project.directory,
    what: 'millrace up',
    onEvent: (event) => show(event, { context, json }),
    onError: (where, error) => terminal.note(`${where}: ${describe(error)}`),
    // A process that is to run for long waits as long as it takes; one that is to end gives up some day.
    ...(untilIdle ? {} : { patienceMs: Number.MAX_SAFE_INTEGER }),
    signal: stop.signal,
    onSkipped: (path, why) => terminal.note(`not loaded: ${showText(path)}: ${showText(why)}`),
  });
  if (millrace === undefined) return;
  try {
    await using _control = await serve(project, millrace);
    terminal.note(
      `millrace: ${count(project.config.targets.size, 'target')}, ${showText(project.configPath)}${untilIdle ? '' : ', Ctrl-C stops'}`,
    );
    await millrace.start();
    if (untilIdle) await drain(millrace, { context, signal });
    else await signal.stopped;
  } finally {
    await millrace.stop();
    signal.forget();
  }
}

async function drain(
  millrace: Millrace,
  { context, signal }: { context: CommandContext; signal: StopSignal },
): Promise<void> {
  const outcome = await Promise.race([millrace.untilIdle(), signal.stopped]);
  if (outcome === undefined) return;
  for (const { target, reason } of outcome.held) context.fail(`${target} is held: ${showText(reason)}`);
  if (outcome.held.length === 0) context.terminal.note('nothing waits any more');
  const { targets } = await millrace.status();
  for (const [target, { quarantined }] of Object.entries(targets)) {
    if (quarantined === 0) continue;
    const files = count(quarantined, 'quarantined file');
    context.terminal.note(`${target} has ${files}: see \`millrace failures --target ${target}\``);
  }
}

function show(
  event: LoaderEvent,
  { context, json }: { context: CommandContext; json: boolean | undefined },
): void {
  const { terminal } = context;
  if (json) terminal.jsonLine(event);
  const line = eventLine(event, terminal);
  if (line === null) return;
  if (!isGoodNews(event)) terminal.note(line);
  else if (!json) terminal.result(line);
}

/** @returns undefined when it was stopped while it waited for the warehouse. */
async function openUnlessStopped(
  project: Project,
  signal: StopSignal,
  options: MillraceOptions,
): Promise<Millrace | undefined> {
  try {
    return await openAlone(project, options);
  } catch (error) {
    if (signal.isStopped) return undefined;
    throw error;
  }
}

/** A second `up` is refused at once; a short command that is about to end is waited for. */
async function openAlone(project: Project, options: MillraceOptions): Promise<Millrace> {
  // Only now, as everywhere: `--help` has no need of a database engine.
  const { Millrace } = await import('@millrace/runtime');
  const deadlineAt = Date.now() + STATE_WAIT_MS;
  for (;;) {
    try {
      return await Millrace.open(project.config, options);
    } catch (error) {
      const isInUse = error instanceof LoadError && error.code === 'state-in-use';
      if (!isInUse || Date.now() > deadlineAt || (await findRunning(project))) throw error;
    }
    await pause(100);
  }
}

async function serve(project: Project, millrace: Millrace): Promise<AsyncDisposable> {
  const path = controlPathOf(project);
  const token = newToken();
  const server = await ControlServer.open(millrace, { token });
  const address: ControlAddress = { port: server.port, pid: process.pid, token };
  writeControlFile(path, address);
  return {
    async [Symbol.asyncDispose]() {
      removeControlFile(path, address);
      await server.close();
    },
  };
}

function describe(error: unknown): string {
  if (error instanceof LoadError) return error.sentence;
  if (!(error instanceof Error)) return String(error);
  return process.env.MILLRACE_DEBUG ? (error.stack ?? error.message) : error.message;
}
