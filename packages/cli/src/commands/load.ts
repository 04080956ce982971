import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LoadError } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
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
same lane, same receipts. A file that was loaded before is not loaded again.

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

/** Before anything is handed over: of a list with a typing error nothing is loaded. */
async function checkFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      const what = cause.code === 'ENOENT' ? 'is not there' : `cannot be read: ${cause.message}`;
      throw new LoadError('file-missing', `${path} ${what}; nothing was loaded`, {
        hint: 'check the path',
        cause,
      });
    });
    if (info.isFile()) continue;
    throw new LoadError('file-missing', `${path} is not a file; nothing was loaded`, {
      hint: info.isDirectory() ? `name the files in it: ${path}/*` : 'name files',
    });
  }
}
