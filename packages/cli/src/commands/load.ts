import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { checkFiles } from '../project/check-files.ts';
import { targetOf } from '../project/target-name.ts';
import { handAndAwait } from './await-files.ts';

export function addLoad(program: Command, context: CommandContext): void {
  program
    .command('load')
    .description('Load files into a target, and wait until they are loaded.')
    .argument('<target>', 'target of the configuration: schema.table, or a table of public')
    .argument('<files...>', 'files of this machine')
    .addHelpText(
      'after',
      `
The files are copied into the object store, below a prefix of the target, and go the way of every other file:
same lane, same receipts. A file that was loaded before is not loaded again. Names that begin with '_' or '.' are never
taken.

Examples:
  $ millrace load public.flights day-1.csv day-2.csv.gz
  $ millrace load flights exports/*.csv --json

Exit codes: 0 all are loaded, 1 one was not (named on stderr, with line, column, value and reason), 2 wrong usage or
configuration.`,
    )
    .action(async (target: string, files: string[], _: unknown, command: Command) => {
      const project = await context.project(command);
      const name = targetOf(project, target);
      const paths = files.map((file) => resolve(context.cwd, file));
      await checkFiles(paths);
      const json = context.options(command).json === true;
      await handAndAwait({
        project,
        context,
        json,
        what: 'millrace load',
        hand: (operations) => operations.load(name, paths),
      });
    });
}
