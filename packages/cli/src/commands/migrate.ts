import type { MigrationReport } from '@millrace/core';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { createMigration } from '../project/create-migration.ts';
import type { Project } from '../project/project.ts';
import { showText } from '../terminal/show-text.ts';
import { count } from '../terminal/words.ts';
import { showSchemaHistory } from './show-schema-history.ts';

export function addMigrate(program: Command, context: CommandContext): void {
  const migrate = program
    .command('migrate')
    .description('Apply the migrations that are pending: numbered SQL files, each once, in order.')
    .option('--dry-run', 'show what would be applied')
    .addOption(
      new Option(
        '--history',
        'apply nothing: list what was applied, and how tables were changed for their files',
      ).conflicts('dryRun'),
    )
    .addHelpText(
      'after',
      `
\`millrace up\` and \`millrace load\` apply them as well, before they begin.

Examples:
  $ millrace migrate --dry-run
  $ millrace migrate --history
  $ millrace migrate
  $ millrace migrate new add_carrier

Exit codes: 0 done (also when nothing is pending), 1 one failed (named on stderr, it left no trace) or they do not fit
what was applied, 2 wrong usage or configuration.`,
    )
    .action(async (options: { dryRun?: boolean; history?: boolean }, command: Command) => {
      const project = await context.project(command);
      const dryRun = options.dryRun === true;
      await using session = await openSession(project, { what: 'millrace migrate', purpose: 'inspect' });
      if (options.history === true) {
        const history = await session.operations.schemaHistory();
        if (context.options(command).json) context.terminal.json(history);
        else showSchemaHistory(history, context.terminal);
        return;
      }
      const report = await session.operations.migrate({ dryRun });
      if (context.options(command).json) context.terminal.json(report);
      else showMigrations(report, { context, dryRun });
    });
  migrate
    .command('new')
    .description('Create the next numbered file in the migrations folder.')
    .argument('<name>', 'what it does: add_carrier')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace migrate new add_carrier

Exit codes: 0 created, 1 it could not be, 2 wrong usage or configuration.`,
    )
    .action(async (name: string, _: unknown, command: Command) => {
      const project: Project = await context.project(command);
      const path = await createMigration(project, name);
      if (context.options(command).json) context.terminal.json({ path });
      else context.terminal.result(showText(path));
    });
}

function showMigrations(
  { applied, pending }: MigrationReport,
  { context, dryRun }: { context: CommandContext; dryRun: boolean },
): void {
  const { terminal } = context;
  if (applied.length + pending.length === 0) {
    terminal.note('no migration is pending');
    return;
  }
  if (!dryRun) {
    for (const name of applied) terminal.result(`applied ${showText(name)}`);
    return;
  }
  terminal.result(
    pending
      .map(
        ({ name, statements }) =>
          `-- ${showText(name)}\n${statements.map((text) => `${text.trim()};`).join('\n\n')}`,
      )
      .join('\n\n'),
  );
  terminal.note(`\n${count(pending.length, 'migration')} would be applied`);
}
