import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { restoreState } from '../project/restore-state.ts';
import { showText } from '../terminal/show-text.ts';
import { formatBytes } from '../terminal/words.ts';

export function addRestore(program: Command, context: CommandContext): void {
  program
    .command('restore')
    .description('Put a backup back in place of tracker and warehouse, while nothing runs.')
    .argument('<directory>', 'directory that `millrace backup` wrote')
    .option('--force', 'replace the tracker and the warehouse that are there')
    .addHelpText(
      'after',
      `
Files that were loaded after the backup are loaded again, once, when they are in their place still. Those that were moved
since are found by \`millrace reconcile --repair\`: run it before \`millrace up\`.

Examples:
  $ millrace restore ../backups/2026-11-21
  $ millrace restore ../backups/2026-11-21 --force

Exit codes: 0 done, 1 it failed or was refused, 2 wrong usage or configuration.`,
    )
    .action(async (given: string, options: { force?: boolean }, command: Command) => {
      const project = await context.project(command);
      const from = resolve(context.cwd, given);
      const { bytes } = await restoreState(project, { from, force: options.force === true });
      if (context.options(command).json) context.terminal.json({ directory: from, bytes });
      else context.terminal.result(`restored ${formatBytes(bytes)} from ${showText(from)}`);
    });
}
