import type { StatusReport } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { showText } from '../terminal/show-text.ts';
import { formatTable } from '../terminal/table.ts';
import { formatInstant, formatNumber, formatSpan } from '../terminal/words.ts';

export function addStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('Show where every target stands.')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace status
  $ millrace status --json | jq '.targets["public.flights"].waiting'

Exit codes: 0 shown (whatever it shows), 1 it could not be found out, 2 wrong usage or configuration.`,
    )
    .action(async (_: unknown, command: Command) => {
      const project = await context.project(command);
      await using session = await openSession(project, { what: 'millrace status', purpose: 'inspect' });
      const report = await session.operations.status();
      if (context.options(command).json) context.terminal.json(report);
      else showStatus(report, context);
    });
}

function showStatus({ targets, warehouse }: StatusReport, { terminal }: CommandContext): void {
  const entries = Object.entries(targets);
  if (entries.length === 0) {
    terminal.note('the configuration has no targets');
    return;
  }
  terminal.result(statusTable(entries));
  for (const [target, { note }] of entries) {
    if (note !== null) terminal.result(`${target}: ${showText(note)}`);
  }
  const { note, since, nextWindow } = warehouse;
  if (note !== null) {
    const when = since === null ? '' : `, since ${formatInstant(since)}`;
    terminal.result(`the warehouse: ${showText(note)}${when}`);
  }
  if (nextWindow !== null) {
    const { from, to } = nextWindow;
    terminal.result(`maintenance window: ${formatInstant(from)} to ${formatInstant(to)}`);
  }
}

function statusTable(entries: readonly (readonly [string, StatusReport['targets'][string]])[]): string {
  return formatTable(
    [
      { title: 'TARGET' },
      { title: 'STATE' },
      ...['WAITING', 'LOADING', 'LOADED', 'QUARANTINED', 'SUPERSEDED', 'ROWS', 'OLDEST'].map(
        (title) => ({ title, align: 'right' }) as const,
      ),
      { title: 'LAST LOADED' },
    ],
    entries.map(([target, status]) => [
      target,
      status.state,
      formatNumber(status.waiting),
      formatNumber(status.loading),
      formatNumber(status.loaded),
      formatNumber(status.quarantined),
      formatNumber(status.superseded),
      formatNumber(status.rows),
      status.oldestWaitingAgeMs === null ? '-' : formatSpan(status.oldestWaitingAgeMs),
      status.lastLoadedAt === null ? 'never' : formatInstant(status.lastLoadedAt),
    ]),
  );
}
