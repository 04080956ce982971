import { userInfo } from 'node:os';
import { LoadError, type RejectSelection } from '@millrace/core';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import type { Project } from '../project/project.ts';
import { targetOf } from '../project/target-name.ts';
import { heldSentence } from '../terminal/held-sentence.ts';
import { count } from '../terminal/words.ts';
import type { SelectionOptions } from './read-selection.ts';
import { readSpan } from './read-span.ts';

export interface RedriveOptions extends SelectionOptions {
  readonly rejects?: boolean;
  readonly type?: string;
  readonly code?: string;
}

/** @throws LoadError `wrong-usage` */
export function refuseWithoutRejects({ type, code }: RedriveOptions): void {
  const option = type === undefined ? code && '--code' : '--type';
  if (option === undefined || option === '') return;
  throw new LoadError('wrong-usage', `${option} is about events, and files are meant`, {
    hint: 'write --rejects too',
  });
}

/** Which rejected events are meant. @throws LoadError `wrong-usage`, `target-unknown` */
export function readRejectSelection(
  project: Project,
  { ids, options }: { ids: readonly string[]; options: RedriveOptions },
): RejectSelection {
  const { target, prefix, type, code, rejects: _, ...span } = options;
  if (prefix !== undefined) {
    throw new LoadError('wrong-usage', '--prefix is about files, and events are meant', {
      hint: 'leave out --prefix, or --rejects',
    });
  }
  return {
    ...(target === undefined ? {} : { target: targetOf(project, target) }),
    ...(type === undefined ? {} : { type }),
    ...(code === undefined ? {} : { code }),
    ...(ids.length === 0 ? {} : { ids }),
    ...readSpan(span),
  };
}

/** Transforms rejected events again, and says what became of them. */
export async function redriveEvents(
  project: Project,
  {
    context,
    selection,
    json,
  }: { context: CommandContext; selection: RejectSelection; json: boolean | undefined },
): Promise<void> {
  const { terminal } = context;
  await using session = await openSession(project, { what: 'millrace redrive', purpose: 'work' });
  const report = await session.operations.redriveRejects(selection, { by: userInfo().username });
  const { redriven, rejected } = report;
  if (json) terminal.json(report);
  else if (redriven + rejected === 0) terminal.note('no rejected event is meant: nothing to redrive');
  else if (redriven > 0) terminal.result(`${count(redriven, 'event')} redriven`);
  if (session.here !== undefined && redriven > 0) {
    const { held } = await session.here.untilIdle();
    for (const { target, reason } of held) context.fail(heldSentence(target, 'held', reason));
  }
  if (rejected > 0) context.fail(`${count(rejected, 'event')} rejected again: see \`millrace failures\``);
}
