import { LoadError } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readControlFile } from '../control/control-file.ts';
import { controlPathOf } from '../project/project.ts';

export function addDashboard(program: Command, context: CommandContext): void {
  program
    .command('dashboard')
    .description('Print a link that logs a browser in to the dashboard of `up`, once.')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace dashboard
  $ open "$(millrace dashboard)"

Exit codes: 0 printed, 1 no \`millrace up --http-port\` runs here, 2 wrong usage or configuration.`,
    )
    .action(async (_: unknown, command: Command) => {
      const project = await context.project(command);
      const url = await newLink(controlPathOf(project));
      if (context.options(command).json) context.terminal.json({ url });
      else context.terminal.result(url);
    });
}

async function newLink(controlPath: string): Promise<string> {
  const address = readControlFile(controlPath);
  const hint = 'start it with `millrace up --http-port 8080`';
  if (address === undefined) throw new LoadError('up-gone', 'no `millrace up` runs here', { hint });
  const { dashboard, token } = address;
  if (dashboard === undefined) {
    throw new LoadError('no-dashboard', 'the `millrace up` that runs here serves no dashboard', { hint });
  }
  const response = await fetch(`${dashboard}/api/links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  if (!response.ok) {
    throw new LoadError('up-gone', `the dashboard at ${dashboard} answers ${response.status}`, { hint });
  }
  const { path } = (await response.json()) as { path: string };
  return dashboard + path;
}
