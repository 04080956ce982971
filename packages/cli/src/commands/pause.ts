import { userInfo } from 'node:os';
import { LoadError } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import type { Project } from '../project/project.ts';
import { targetOf } from '../project/target-name.ts';

export function addPause(program: Command, context: CommandContext): void {
  program
    .command('pause')
    .description('Load nothing more into a target, or into any, until `resume`.')
    .argument('[target]', 'target of the configuration')
    .option('--warehouse', 'every target of the warehouse')
    .requiredOption('--why <text>', 'why: what `status` shows to everybody else')
    .option('--by <name>', 'who: default the name of this user')
    .addHelpText(
      'after',
      `
Files are taken in and wait meanwhile; a load that runs is not stopped, and is settled.

Examples:
  $ millrace pause flights --why 'new column, see the migration of today'
  $ millrace pause --warehouse --why 'resize to four nodes' --by ada

Exit codes: 0 paused, 1 it could not be, 2 wrong usage or configuration.`,
    )
    .action(
      async (
        word: string | undefined,
        options: { warehouse?: true; why: string; by?: string },
        command: Command,
      ) => {
        const project = await context.project(command);
        const target = whatOf(project, word, options);
        const { by = userInfo().username, why } = options;
        if (why.trim() === '' || by.trim() === '') {
          throw new LoadError('wrong-usage', `${why.trim() === '' ? '--why' : '--by'} is empty`, {
            hint: 'write it: it is what everybody else sees',
          });
        }
        await using session = await openSession(project, { what: 'millrace pause', purpose: 'inspect' });
        const paused = await session.operations.pause({ target, by, why });
        if (context.options(command).json) context.terminal.json({ target, by, why, ...paused });
        else context.terminal.result(`${target ?? 'the warehouse'} is paused`);
      },
    );
}

export function addResume(program: Command, context: CommandContext): void {
  program
    .command('resume')
    .description('End a pause: what waits is loaded.')
    .argument('[target]', 'target of the configuration')
    .option('--warehouse', 'the pause of the warehouse; pauses of targets stay')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace resume flights
  $ millrace resume --warehouse

Exit codes: 0 resumed (also when it was not paused), 1 it could not be, 2 wrong usage or configuration.`,
    )
    .action(async (word: string | undefined, options: { warehouse?: true }, command: Command) => {
      const project = await context.project(command);
      const target = whatOf(project, word, options);
      await using session = await openSession(project, { what: 'millrace resume', purpose: 'inspect' });
      const { wasPaused } = await session.operations.resume({ target, by: userInfo().username });
      const name = target ?? 'the warehouse';
      if (context.options(command).json) context.terminal.json({ target, wasPaused });
      else if (wasPaused) context.terminal.result(`${name} is resumed`);
      else context.terminal.note(`${name} was not paused: nothing to resume`);
    });
}

/** @returns null for the warehouse */
function whatOf(
  project: Project,
  word: string | undefined,
  { warehouse }: { readonly warehouse?: true },
): string | null {
  if ((word === undefined) === (warehouse === undefined)) {
    throw new LoadError('wrong-usage', word === undefined ? 'nothing is named' : 'both are named', {
      hint: 'name a target, or write --warehouse',
    });
  }
  return word === undefined ? null : targetOf(project, word);
}
