import { userInfo } from 'node:os';
import type { ReconcileEntry } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { targetOf } from '../project/target-name.ts';
import { showText } from '../terminal/show-text.ts';
import { count, formatNumber } from '../terminal/words.ts';

const KINDS = ['missing', 'double', 'orphan'] as const;

type Found = Record<(typeof KINDS)[number], ReconcileEntry[]>;

export function addReconcile(program: Command, context: CommandContext): void {
  program
    .command('reconcile')
    .description('Compare object store, tracker and receipts, and say where they disagree.')
    .argument('[target]', 'only this target: schema.table, or a table of public')
    .option('--repair', 'mend what can be mended')
    .addHelpText(
      'after',
      `
missing   an object that a target takes: no receipt, does not wait, was not put aside
double    a file with more than one receipt, or loaded in two versions into a table that appends
orphan    a file that waits or was put aside, and has no object or has a receipt; a receipt whose object is gone
          although its target keeps objects; a file that waits for a target that is not configured

With --repair what is missing waits again, what waits for an object that is gone is quarantined, and what waits and has a
receipt ends as loaded. The rest is told, with what to look at. \`millrace up\` then loads what waits.

Examples:
  $ millrace reconcile
  $ millrace reconcile public.flights --repair
  $ millrace reconcile --json | jq '.missing[].url'

Exit codes: 0 nothing was found, or all of it was mended, 1 something was found, 2 wrong usage or configuration.`,
    )
    .action(async (word: string | undefined, { repair = false }: { repair?: boolean }, command: Command) => {
      const project = await context.project(command);
      const target = word === undefined ? {} : { target: targetOf(project, word) };
      const { terminal } = context;
      const found: Found = { missing: [], double: [], orphan: [] };
      await using session = await openSession(project, { what: 'millrace reconcile', purpose: 'inspect' });
      let looked = 0;
      let cursor: string | null = null;
      do {
        terminal.status(`${formatNumber(looked)} compared, ${formatNumber(entriesOf(found).length)} found`);
        const page = await session.operations.reconcile({
          ...target,
          repair,
          cursor,
          by: userInfo().username,
        });
        for (const kind of KINDS) for (const entry of page[kind]) found[kind].push(entry);
        looked += page.looked;
        cursor = page.next;
      } while (cursor !== null);
      terminal.status('');
      if (context.options(command).json) terminal.json(found);
      else show(found, context);
      const left = entriesOf(found).filter(({ repaired }) => repaired !== true).length;
      if (left > 0) context.fail(`${count(left, 'disagreement')} ${left === 1 ? 'is' : 'are'} left`);
      else if (!context.options(command).json && repair && found.missing.length > 0)
        terminal.note(`${count(found.missing.length, 'file')} let wait: \`millrace up\` loads what waits`);
    });
}

function entriesOf(found: Found): ReconcileEntry[] {
  return KINDS.flatMap((kind) => found[kind]);
}

function show(found: Found, { terminal }: CommandContext): void {
  for (const kind of KINDS) {
    for (const { target, url, why, repaired } of found[kind]) {
      const mark = repaired === true ? ' (mended)' : '';
      terminal.result(`${kind.padEnd(7)} ${showText(url)}\n        ${target}: ${showText(why)}${mark}`);
    }
  }
  if (entriesOf(found).length === 0) terminal.note('object store, tracker and receipts agree');
}
