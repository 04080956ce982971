import { LoadError } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import type { Project } from '../project/project.ts';

/** AWS, Redshift names and identifiers: at most 127 bytes. Quotes and control characters are nobody's intention. */
const USER_NAME = /^[\p{L}_][\p{L}\p{N}_$:@./+=-]{0,126}$/u;

export function addGrants(program: Command, context: CommandContext): void {
  program
    .command('grants')
    .description("Print the SQL that gives the loader's database user what it needs.")
    .option('--user <name>', "the database user (default: the configuration's dbUser)")
    .addHelpText(
      'after',
      `
Its own schema with the ledgers, temporary tables, and on each target what its load mode does; nothing beyond. Nothing is
run: somebody who may create schemas and owns the targets runs it. It may be run again, after targets were added.

Examples:
  $ millrace grants --user loader > grants.sql
  $ millrace grants --env production --json | jq -r '.statements[]'

Exit codes: 0 printed, 1 it could not be found out, 2 wrong usage or configuration.`,
    )
    .action(async (options: { user?: string }, command: Command) => {
      const project = await context.project(command);
      const user = userOf(project, options.user);
      await using session = await openSession(project, { what: 'millrace grants', purpose: 'inspect' });
      const { statements } = await session.operations.grants(user);
      if (context.options(command).json) context.terminal.json({ user, statements });
      else context.terminal.result(statements.map((statement) => `${statement};`).join('\n'));
    });
}

function userOf({ config: { warehouse } }: Project, given: string | undefined): string {
  const configured =
    warehouse.kind === 'redshift' && 'cluster' in warehouse.address ? warehouse.address.dbUser : undefined;
  const user = given ?? configured;
  if (user === undefined) {
    throw new LoadError('user-missing', 'nobody says who the database user is', {
      class: 'usage',
      hint: 'name it with --user; on a workgroup, IAM maps the loader role to IAMR:<role>',
    });
  }
  if (USER_NAME.test(user)) return user;
  throw new LoadError('user-invalid', `'${user}' is not the name of a database user`, {
    class: 'usage',
    hint: 'write it without quotes',
  });
}
