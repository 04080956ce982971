import { setTimeout as pause } from 'node:timers/promises';
import {
  type BackfillCount,
  type BackfillRequest,
  type BackfillStep,
  type HandedFile,
  LoadError,
  type Operations,
} from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { type StopSignal, watchStopSignals } from '../control/stop-signals.ts';
import { targetOf } from '../project/target-name.ts';
import { showText } from '../terminal/show-text.ts';
import { count, formatBytes, formatNumber } from '../terminal/words.ts';
import { askFiles, HoldWatch } from './await-files.ts';
import { NotLoadedTeller } from './not-loaded-teller.ts';
import { readSpan } from './read-span.ts';

const POLL_MS = 200;

/** What `--json` prints. */
interface BackfillReport {
  readonly target: string;
  readonly prefix: string;
  readonly dryRun: boolean;
  /** All files that are meant. */
  files: number;
  bytes: number;
  alreadyLoaded: BackfillCount;
  waiting: BackfillCount;
  quarantined: BackfillCount;
  /** Handed over by this run; in a dry run: what would be. */
  toLoad: BackfillCount;
  /** Of those that this run handed over, and of those that waited already. */
  loaded: number;
  notLoaded: number;
  /** Whether all below the prefix was looked at. */
  isWhole: boolean;
}

export function addBackfill(program: Command, context: CommandContext): void {
  program
    .command('backfill')
    .description('Load what is below a prefix and was not loaded yet, behind the files that arrive.')
    .argument('<target>', 'target of the configuration: schema.table, or a table of public')
    .argument('<prefix>', 's3://bucket/prefix')
    .option('--since <instant>', 'only objects written then or later: 2026-11-01, 2026-11-01T06:00Z')
    .option('--until <instant>', 'only objects written before')
    .option('--dry-run', 'count, and load nothing')
    .addHelpText(
      'after',
      `
One job of files is handed to the target's lane, then the next one when these are done: a file that arrives
meanwhile waits for one job of the backfill at most. Stop it when you like: the next run leaves out what is loaded.
It reads files as the target does, and takes the rows of a file as that target's mode says.

Examples:
  $ millrace backfill public.flights s3://lake/history/ --dry-run
  $ millrace backfill flights s3://lake/flights/2025/ --since 2025-06-01 --until 2025-07-01

Exit codes: 0 all is loaded (or counted), or there is nothing (stderr says so), 1 a file was not loaded (named on stderr),
also when it waited already, or it was stopped, 2 wrong usage or configuration.`,
    )
    .action(
      async (
        word: string,
        prefix: string,
        options: { since?: string; until?: string; dryRun?: boolean },
        command: Command,
      ) => {
        const project = await context.project(command);
        const target = targetOf(project, word);
        const request = { target, ...readScope(prefix, options), dryRun: options.dryRun === true };
        const signal = watchStopSignals(context.terminal);
        const purpose = request.dryRun ? 'inspect' : 'work';
        try {
          await using session = await openSession(project, { what: 'millrace backfill', purpose });
          const report = await runBackfill(session.operations, { request, context, signal });
          context.terminal.status('');
          if (report.files === 0 && report.isWhole) context.terminal.note(nothingSentence(request));
          if (context.options(command).json) context.terminal.json(report);
          else context.terminal.result(sentenceOf(report));
        } finally {
          context.terminal.status('');
          signal.forget();
        }
      },
    );
}

type Scope = Omit<BackfillRequest, 'after'>;

async function runBackfill(
  operations: Operations,
  { request, context, signal }: { request: Scope; context: CommandContext; signal: StopSignal },
): Promise<BackfillReport> {
  const report = newReport(request);
  const telling = new NotLoadedTeller(operations, context);
  let after: string | null = null;
  do {
    const step: BackfillStep = await operations.backfill({ ...request, after });
    addStep(report, step);
    after = step.next;
    const ended = await awaitStep(operations, { step, context, signal });
    for (const file of ended) {
      if (file.status === 'loaded') report.loaded += 1;
      else {
        report.notLoaded += 1;
        await telling.tell(file);
      }
    }
    context.terminal.status(
      `${formatNumber(report.files)} files looked at, ${formatNumber(report.loaded)} loaded`,
    );
    // Its lane is held, or somebody wants to go: what is behind would only lengthen the line.
    if (ended.some(({ status }) => status === 'waiting')) break;
  } while (after !== null && !signal.isStopped);
  telling.end();
  report.isWhole = after === null;
  if (!report.isWhole) context.fail('the backfill was stopped; the next run goes on from here');
  return report;
}

/**
 * Where the files of a step ended, and those that were in the line before it: all of them, unless the lane is held or
 * somebody stops the command.
 */
async function awaitStep(
  operations: Operations,
  { step, context, signal }: { step: BackfillStep; context: CommandContext; signal: StopSignal },
): Promise<readonly HandedFile[]> {
  let files: readonly HandedFile[] = [...step.inLine, ...step.handed];
  const holds = new HoldWatch();
  while (files.some(({ status }) => status === 'waiting') && !signal.isStopped) {
    await Promise.race([pause(POLL_MS), signal.stopped]);
    files = await askFiles(operations, files);
    const held = await holds.look(operations, new Set(files.map(({ target }) => target)));
    if (held === undefined) continue;
    context.fail(held);
    break;
  }
  return files;
}

function newReport({ target, prefix, dryRun }: Scope): BackfillReport {
  const none = { files: 0, bytes: 0 };
  return {
    target,
    prefix,
    dryRun,
    ...none,
    alreadyLoaded: none,
    waiting: none,
    quarantined: none,
    toLoad: none,
    loaded: 0,
    notLoaded: 0,
    isWhole: false,
  };
}

function addStep(report: BackfillReport, { loaded, waiting, quarantined, fresh }: BackfillStep): void {
  report.alreadyLoaded = sum(report.alreadyLoaded, loaded);
  report.waiting = sum(report.waiting, waiting);
  report.quarantined = sum(report.quarantined, quarantined);
  report.toLoad = sum(report.toLoad, fresh);
  for (const { files, bytes } of [loaded, waiting, quarantined, fresh]) {
    report.files += files;
    report.bytes += bytes;
  }
}

function sum(a: BackfillCount, b: BackfillCount): BackfillCount {
  return { files: a.files + b.files, bytes: a.bytes + b.bytes };
}

function nothingSentence({ target, prefix, since, until }: Scope): string {
  const span = since === undefined && until === undefined ? '' : ' that was written in this time';
  return `there is nothing below ${showText(prefix)} for ${target}${span}`;
}

function sentenceOf(report: BackfillReport): string {
  const say = ({ files, bytes }: BackfillCount, what: string): string[] =>
    files === 0 ? [] : [`${count(files, 'file')} ${what} (${formatBytes(bytes)})`];
  const { dryRun, toLoad, loaded, notLoaded } = report;
  const parts = [
    ...(dryRun ? say(toLoad, 'to load') : [`${count(loaded, 'file')} loaded`]),
    ...say(report.alreadyLoaded, 'loaded before'),
    ...(dryRun ? say(report.waiting, 'waiting') : []),
    ...(notLoaded > 0 ? [`${formatNumber(notLoaded)} not loaded`] : []),
    ...say(report.quarantined, 'quarantined: redrive takes them up'),
  ];
  const isNothing = report.files === 0 || parts.length === 0;
  return `${report.target}: ${isNothing ? 'nothing to load' : parts.join(', ')}`;
}

/** @throws LoadError `wrong-usage` */
function readScope(
  prefix: string,
  span: { since?: string; until?: string },
): Pick<BackfillRequest, 'prefix' | 'since' | 'until'> {
  if (!/^s3:\/\/[^/]+\//u.test(prefix)) {
    throw new LoadError('wrong-usage', `the prefix is '${prefix}'`, { hint: 'write s3://bucket/prefix' });
  }
  return { prefix, ...readSpan(span) };
}
