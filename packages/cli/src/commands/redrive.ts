import { userInfo } from 'node:os';
import type { FileSelection, RedriveReport } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { evidenceText } from '../terminal/event-line.ts';
import { heldSentence } from '../terminal/held-sentence.ts';
import { showText } from '../terminal/show-text.ts';
import { count } from '../terminal/words.ts';
import { readSelection } from './read-selection.ts';
import {
  type RedriveOptions,
  readRejectSelection,
  redriveEvents,
  refuseWithoutRejects,
} from './redrive-events.ts';

export function addRedrive(program: Command, context: CommandContext): void {
  program
    .command('redrive')
    .description(
      'Let quarantined files wait again, or transform rejected events again, after the cause was corrected.',
    )
    .argument('[files...]', 'only these files: s3://bucket/key; with --rejects these events, by their ids')
    .option('--target <target>', 'only files of this target')
    .option('--prefix <url>', 'only files whose address begins so: s3://bucket/…')
    .option('--since <instant>', 'only files quarantined then or later: 2026-11-01, 2026-11-01T06:00Z')
    .option('--until <instant>', 'only files quarantined before')
    .option('--rejects', 'rejected events, and not files')
    .option('--type <type>', 'with --rejects: only events of this type')
    .option('--code <code>', 'with --rejects: only events that were rejected for this reason: value-misfit')
    .addHelpText(
      'after',
      `
When \`millrace up\` runs, it loads them; otherwise this command does, and waits for it.

Examples:
  $ millrace redrive
  $ millrace redrive s3://lake/flights/day-2.csv
  $ millrace redrive --target public.flights --prefix s3://lake/flights/2026-11-
  $ millrace redrive --since 2026-11-21T06:00Z --until 2026-11-21T09:00Z
  $ millrace redrive --rejects --type page.viewed

Exit codes: 0 done (also when there was nothing to redrive), 1 one of them failed again (named on stderr), or a file
that was named belongs to a target that is not configured, 2 wrong usage or configuration.`,
    )
    .action(async (urls: string[], options: RedriveOptions, command: Command) => {
      const project = await context.project(command);
      if (options.rejects) {
        const selection = readRejectSelection(project, { ids: urls, options });
        await redriveEvents(project, { context, selection, json: context.options(command).json });
        return;
      }
      refuseWithoutRejects(options);
      const selection = readSelection(project, { urls, options });
      const { terminal } = context;
      await using session = await openSession(project, { what: 'millrace redrive', purpose: 'work' });
      const report = await session.operations.redrive(selection, { by: userInfo().username });
      const { redriven } = report;
      tellLeftOut(report, { selection, context });
      if (context.options(command).json) terminal.json(report);
      else if (redriven === 0 && report.leftOut === undefined)
        terminal.note('no quarantined file is meant: nothing to redrive');
      else if (redriven > 0) terminal.result(`${count(redriven, 'file')} redriven`);
      if (session.here === undefined || redriven === 0) return;
      const { held } = await session.here.untilIdle();
      for (const { target, reason } of held) context.fail(heldSentence(target, 'held', reason));
      for (const failure of await session.operations.failures(scopeOf(selection))) {
        const { url, state } = failure;
        context.fail(
          `${showText(url)} ${state === 'waiting' ? 'still waits' : 'is quarantined again'}: ${evidenceText({ ...failure, reason: failure.error })}`,
        );
      }
    });
}

/** Who named files by their addresses has not got what was asked for; who took all there is has. */
function tellLeftOut(
  { leftOut = [] }: RedriveReport,
  { selection, context }: { selection: FileSelection; context: CommandContext },
): void {
  for (const { target, files } of leftOut) {
    const what = count(files, 'quarantined file');
    const sentence = `${what} of ${target} left as ${files === 1 ? 'it is' : 'they are'}: it is not a target of the configuration; write it there again, then redrive`;
    if (selection.urls === undefined) context.terminal.note(sentence);
    else context.fail(sentence);
  }
}

/** What failed again did so now, whenever it had failed before. */
function scopeOf({ since: _, until: __, ...scope }: FileSelection): FileSelection {
  return scope;
}
