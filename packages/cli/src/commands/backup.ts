import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { showText } from '../terminal/show-text.ts';
import { formatBytes } from '../terminal/words.ts';

export function addBackup(program: Command, context: CommandContext): void {
  program
    .command('backup')
    .description('Copy tracker and warehouse into a new directory, also while they are in use.')
    .argument('<directory>', 'directory for the copy; empty, or not there yet')
    .addHelpText(
      'after',
      `
The objects (the files that were loaded) are not part of it.

Examples:
  $ millrace backup ../backups/2026-11-21

Exit codes: 0 done, 1 it failed, 2 wrong usage or configuration.`,
    )
    .action(async (given: string, _: unknown, command: Command) => {
      const project = await context.project(command);
      const directory = resolve(context.cwd, given);
      await using session = await openSession(project, { what: 'millrace backup', purpose: 'inspect' });
      const { bytes } = await session.operations.backup(directory);
      if (context.options(command).json) context.terminal.json({ directory, bytes });
      else context.terminal.result(`${formatBytes(bytes)} in ${showText(directory)}`);
    });
}
