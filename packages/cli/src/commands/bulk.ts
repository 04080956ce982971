import { resolve } from 'node:path';
import { parseBulkSpec } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readSpec } from '../project/read-spec.ts';
import { handAndAwait } from './await-files.ts';

export function addBulk(program: Command, context: CommandContext): void {
  program
    .command('bulk')
    .description('Load what a bulk document names, and wait until it is loaded.')
    .argument('<spec>', 'JSON document that names tables and prefixes')
    .addHelpText(
      'after',
      `
The prefixes are listed, files that were loaded before are left out, the others go through the lanes of their tables.

Examples:
  $ millrace bulk yesterday.json
  $ millrace bulk backfill.json --json

Exit codes: 0 all are loaded, 1 one was not (named on stderr), 2 wrong usage, configuration or
document.`,
    )
    .action(async (spec: string, _: unknown, command: Command) => {
      const project = await context.project(command);
      const path = resolve(context.cwd, spec);
      const text = await readSpec(path);
      // Here first: whoever runs the pipeline does not know the document's path, and it opens nothing.
      parseBulkSpec(text, { source: path });
      await handAndAwait({
        project,
        context,
        json: context.options(command).json === true,
        what: 'millrace bulk',
        hand: (operations) => operations.bulk(text),
      });
    });
}
