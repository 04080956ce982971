import { setTimeout as pause } from 'node:timers/promises';
import { LoadError, type LoaderEvent } from '@millrace/core';
import type { Millrace, MillraceOptions } from '@millrace/runtime';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import {
  type ControlAddress,
  newToken,
  removeControlFile,
  writeControlFile,
} from '../control/control-file.ts';
import { ControlServer } from '../control/control-server.ts';
import { dashboardOptions } from '../control/dashboard-options.ts';
import { findRunning } from '../control/session.ts';
import { type StopSignal, watchStopSignals } from '../control/stop-signals.ts';
import { runConsumer, runProducer } from '../events/run-part.ts';
import { type RunningProducer, requireEvents, startHttp } from '../events/start-producer.ts';
import { controlPathOf, type Project } from '../project/project.ts';
import { eventLine, isGoodNews } from '../terminal/event-line.ts';
import { heldSentence } from '../terminal/held-sentence.ts';
import { showText } from '../terminal/show-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { count } from '../terminal/words.ts';

/** How long a short command may still have the state directory when `up` begins. */
const STATE_WAIT_MS = 3_000;

export function addUp(program: Command, context: CommandContext): void {
  program
    .command('up')
    .description('Run the pipeline: take files as they arrive, load them, until it is stopped.')
    .option('--until-idle', 'load everything that waits, then end')
    .option(
      '--http-port <port>',
      'serve the dashboard and take events at this port, 0 for a free one',
      readPort,
    )
    .option('--http-host <host>', 'address to listen at (default: this machine alone)')
    .option('--http-name <names...>', 'host names that the dashboard is reached by, beside addresses')
    .addOption(new Option('--only <part>', 'run one part alone').choices(PARTS))
    .addHelpText(
      'after',
      `
Every load is a line on stdout (with --json an event per line); quarantined files, holds and failures are lines on
stderr. SIGINT and SIGTERM end it after the load in hand. The other commands reach it while it runs.

With --http-port it serves the dashboard, and prints a link that logs one browser in, once; \`millrace dashboard\` prints
another one. With events in the configuration it also takes them at that port.

With events in the configuration it also consumes their stream. The parts can be processes of their own, each of which
can be stopped while the others go on: producer (HTTP to stream), consumer (stream to files of rows), loader (the rest).

Examples:
  $ millrace up
  $ millrace up --http-port 8080
  $ millrace up --only producer --http-port 8080
  $ millrace up --until-idle

Exit codes: 0 stopped, or nothing waits any more (quarantined files are named on stderr, and stay visible in
\`millrace failures\`); 1 a lane is held, files wait for a target that is not configured, or it could not run; 2 wrong
usage or configuration.`,
    )
    .action(async (options: UpOptions, command: Command) => {
      const project = await context.project(command);
      const { only } = options;
      if (only !== undefined) requireEvents(project);
      checkParts(options);
      if (only === 'producer' || only === 'consumer') await runPart(project, only, { context, options });
      else await runUp(project, { context, options, json: context.options(command).json });
    });
}

const PARTS = ['producer', 'consumer', 'loader'] as const;

interface UpOptions {
  readonly untilIdle?: boolean;
  readonly httpPort?: number;
  readonly httpHost?: string;
  readonly httpName?: readonly string[];
  readonly only?: (typeof PARTS)[number];
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/u.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('write a number from 0 to 65535.');
}

function checkParts({ only, httpPort, httpHost, untilIdle }: UpOptions): void {
  const wrong = (message: string, hint: string) => new LoadError('wrong-usage', message, { hint });
  if (only === 'producer' && httpPort === undefined) {
    throw wrong('a producer needs to know where to listen', 'write --http-port 8080, or 0 for any free port');
  }
  if (only === 'producer' && untilIdle) {
    throw wrong('a producer never has nothing to do', 'leave --until-idle out');
  }
  if (only === 'consumer' && httpPort !== undefined) {
    throw wrong('a consumer takes no events, and has no dashboard', 'leave --http-port out');
  }
  if (httpHost !== undefined && httpPort === undefined) {
    throw wrong('--http-host says nothing without --http-port', 'write both');
  }
}

async function runPart(
  project: Project,
  part: 'producer' | 'consumer',
  { context, options }: { context: CommandContext; options: UpOptions },
): Promise<void> {
  const { terminal } = context;
  const signal = watchStopSignals(terminal);
  const onError = (where: string, error: unknown): void => terminal.note(`${where}: ${describe(error)}`);
  const shared = { terminal, signal, onError };
  const { httpPort = 0, httpHost, untilIdle = false } = options;
  try {
    if (part === 'consumer') await runConsumer(project, { ...shared, untilIdle });
    else await runProducer(project, { ...shared, port: httpPort, host: httpHost });
  } finally {
    signal.forget();
  }
}

async function runUp(
  project: Project,
  { context, options, json }: { context: CommandContext; options: UpOptions; json: boolean | undefined },
): Promise<void> {
  const { terminal } = context;
  const { untilIdle = false, httpPort, httpHost, httpName = [], only } = options;
  const onError = (where: string, error: unknown): void => terminal.note(`${where}: ${describe(error)}`);
  const signal = watchStopSignals(terminal);
  const stop = new AbortController();
  void signal.stopped.then(() => stop.abort());
  const token = newToken();
  let started: Millrace | undefined;
  let waitsFor: string | undefined;
  const onStartError = (where: string, error: unknown): void => {
    if (started === undefined) waitsFor = describe(error);
    onError(where, error);
  };
  // First: events are taken, and the dashboard tells what is waited for, also while the warehouse is away.
  let producer: RunningProducer | undefined;
  if (httpPort !== undefined) {
    const operations = await dashboardOptions({
      operations: () => started,
      startingNote: () => waitsFor,
      token,
      names: httpName,
      env: process.env,
    });
    const takesEvents = only !== 'loader';
    producer = await startHttp(project, {
      ...{ port: httpPort, host: httpHost, takesEvents },
      ...{ terminal, onError, operations },
    });
    tellLink(producer.server.newLoginUrl(), { terminal, json });
  }
  await using control = new AsyncDisposableStack();
  const millrace = await openUnlessStopped(project, signal, {
    directory: project.directory,
    what: 'millrace up',
    events: only === 'loader' ? 'announce' : 'consume',
    stream: producer?.stream,
    onEvent: (event) => {
      producer?.loads.hear(event);
      show(event, { context, json });
    },
    onError: onStartError,
    // A process that is to run for long waits as long as it takes; one that is to end gives up some day.
    ...(untilIdle ? {} : { patienceMs: Number.MAX_SAFE_INTEGER }),
    signal: stop.signal,
    // Before the warehouse is waited for: whoever wants to see why gets a link by `millrace dashboard`.
    onOwned: async () => {
      control.use(await serve(project, () => started, { token, dashboard: producer?.server.url }));
    },
    onSkipped: (path, why) => terminal.note(`not loaded: ${showText(path)}: ${showText(why)}`),
  }).catch(async (error: unknown) => {
    await producer?.close();
    throw error;
  });
  if (millrace === undefined) {
    await producer?.close();
    return;
  }
  started = millrace;
  producer?.loads.followStatus(() => millrace.status());
  producer?.metrics.followConsumer(async () => (await millrace.events.status()).events);
  try {
    terminal.note(
      `millrace: ${count(project.config.targets.size, 'target')}, ${showText(project.configPath)}${untilIdle ? '' : ', Ctrl-C stops'}`,
    );
    await millrace.start();
    if (untilIdle) await drain(millrace, { context, signal });
    else await signal.stopped;
  } finally {
    await control.disposeAsync();
    await producer?.stopTaking();
    await millrace.stop();
    await producer?.close();
    signal.forget();
  }
}

async function drain(
  millrace: Millrace,
  { context, signal }: { context: CommandContext; signal: StopSignal },
): Promise<void> {
  const outcome = await Promise.race([millrace.untilIdle(), signal.stopped]);
  if (outcome === undefined) return;
  for (const { target, reason } of outcome.held) context.fail(heldSentence(target, 'held', reason));
  const { targets } = await millrace.status();
  const entries = Object.entries(targets);
  const removed = entries.filter(
    ([, { isConfigured, waiting, loading }]) => isConfigured === false && waiting + loading > 0,
  );
  for (const [target, { note }] of removed) context.fail(`${target}: ${showText(note ?? '')}`);
  if (outcome.held.length + removed.length === 0) context.terminal.note('nothing waits any more');
  for (const [target, { quarantined }] of entries) {
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

/** Whoever reads the output of a program as JSON finds nothing else in it. */
function tellLink(
  url: string | undefined,
  { terminal, json }: { terminal: Terminal; json: boolean | undefined },
): void {
  if (url === undefined) return;
  const line = `millrace: dashboard at ${url} (logs one browser in, once)`;
  if (json) terminal.note(line);
  else terminal.result(line);
}

async function serve(
  project: Project,
  operations: () => Millrace | undefined,
  { token, dashboard }: { token: string; dashboard: string | undefined },
): Promise<AsyncDisposable> {
  const path = controlPathOf(project);
  const server = await ControlServer.open(operations, { token });
  const address: ControlAddress = {
    port: server.port,
    pid: process.pid,
    token,
    ...(dashboard === undefined ? {} : { dashboard }),
  };
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
