import type { PlanReport } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { targetOf } from '../project/target-name.ts';
import { showText } from '../terminal/show-text.ts';
import { count, formatBytes } from '../terminal/words.ts';

export function addPlan(program: Command, context: CommandContext): void {
  program
    .command('plan')
    .description('Show the SQL of the next load of a target, without running it.')
    .argument('<target>', 'target of the configuration')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace plan public.flights
  $ millrace plan flights --json | jq -r '.statements[]'

Exit codes: 0 shown, 1 it could not be planned, 2 wrong usage or configuration.`,
    )
    .action(async (word: string, _: unknown, command: Command) => {
      const project = await context.project(command);
      const target = targetOf(project, word);
      await using session = await openSession(project, { what: 'millrace plan', purpose: 'inspect' });
      const report = await session.operations.plan(target);
      if (context.options(command).json) context.terminal.json(report);
      else context.terminal.result(planText(report));
    });
}

/** SQL that could be run as it stands: what is said about it is in comments. */
export function planText({ target, mode, lane, waitingFiles, nextJob, statements }: PlanReport): string {
  const job = nextJob.isExample
    ? 'no file waits: planned for an example'
    : `next load: ${count(nextJob.files, 'file')}, ${formatBytes(nextJob.bytes)}`;
  return [
    `-- ${target}, ${mode}; lane: ${showText(lane)}; ${count(waitingFiles, 'file')} waiting`,
    `-- ${job}; one transaction of ${count(statements.length, 'statement')}`,
    ...statements.map((statement) => `\n${statement.trimEnd()};`),
  ].join('\n');
}
