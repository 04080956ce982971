import type { StatusReport } from '@millrace/core';
import { parseDuration } from '@millrace/core';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { statusLines } from '../terminal/status-text.ts';
import { watchStatus } from './watch-status.ts';

const EVERY_MS = 2_000;
/** Each look of a tracker on AWS is paid for. */
const MIN_EVERY_MS = 200;

interface StatusOptions {
  readonly watch?: boolean;
  readonly every: number;
}

export function addStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('Show where every target stands.')
    .option('-w, --watch', 'again and again, drawn over, until q or Ctrl-C')
    .option('--every <duration>', 'how often with --watch (default: 2s)', readEvery, EVERY_MS)
    .addHelpText(
      'after',
      `
With --watch and without a terminal, a line is written when something changes; with --json a line of JSON per look.

Examples:
  $ millrace status
  $ millrace status --watch
  $ millrace status --json | jq '.targets["public.flights"].waiting'

Exit codes: 0 shown (whatever it shows), 1 it could not be found out, 2 wrong usage or configuration.`,
    )
    .action(async ({ watch, every }: StatusOptions, command: Command) => {
      const project = await context.project(command);
      const json = context.options(command).json === true;
      if (watch) {
        await watchStatus(project, { context, everyMs: every, json });
        return;
      }
      await using session = await openSession(project, { what: 'millrace status', purpose: 'inspect' });
      const report = await session.operations.status();
      if (json) context.terminal.json(report);
      else showStatus(report, context);
    });
}

function readEvery(text: string): number {
  const ms = readDuration(text);
  if (ms !== undefined && ms >= MIN_EVERY_MS) return ms;
  throw new InvalidArgumentError("write a duration of 200ms or more, such as '2s'.");
}

function readDuration(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function showStatus(report: StatusReport, { terminal }: CommandContext): void {
  if (Object.keys(report.targets).length === 0) terminal.note('the configuration has no targets');
  else terminal.result(statusLines(report).join('\n'));
}
