import { LoadError } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { targetOf } from '../project/target-name.ts';
import { evidenceText } from '../terminal/event-line.ts';
import { showText } from '../terminal/show-text.ts';
import { count } from '../terminal/words.ts';

export function addRedrive(program: Command, context: CommandContext): void {
  program
    .command('redrive')
    .description('Let quarantined files wait again, after their cause was corrected.')
    .option('--target <target>', 'only files of this target')
    .option('--prefix <url>', 'only files whose address begins so: s3://bucket/…')
    .addHelpText(
      'after',
      `
When \`millrace up\` runs, it loads them; otherwise this command does, and waits for it.

Examples:
  $ millrace redrive
  $ millrace redrive --target public.flights --prefix s3://lake/flights/2026-11-

Exit codes: 0 done (also when there was nothing to redrive), 1 one of them failed again (named on stderr), 2 wrong
usage or configuration.`,
    )
    .action(async (options: { target?: string; prefix?: string }, command: Command) => {
      const project = await context.project(command);
      if (options.prefix !== undefined && !options.prefix.startsWith('s3://')) {
        throw new LoadError('wrong-usage', `--prefix is '${options.prefix}'`, {
          hint: 'write s3://bucket/…',
        });
      }
      const selection = {
        ...(options.target === undefined ? {} : { target: targetOf(project, options.target) }),
        ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
      };
      const { terminal } = context;
      await using session = await openSession(project, { what: 'millrace redrive', purpose: 'work' });
      const { redriven } = await session.operations.redrive(selection);
      if (context.options(command).json) terminal.json({ redriven });
      else if (redriven === 0) terminal.note('no quarantined file is meant: nothing to redrive');
      else terminal.result(`${count(redriven, 'file')} redriven`);
      if (session.here === undefined || redriven === 0) return;
      const { held } = await session.here.untilIdle();
      for (const { target, reason } of held) context.fail(`${target} is held: ${showText(reason)}`);
      for (const failure of await session.operations.failures(selection)) {
        const { url, state } = failure;
        context.fail(
          `${showText(url)} ${state === 'waiting' ? 'still waits' : 'is quarantined again'}: ${evidenceText({ ...failure, reason: failure.error })}`,
        );
      }
    });
}
