import { LoadError, parseDuration } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { targetOf } from '../project/target-name.ts';
import { count, formatNumber } from '../terminal/words.ts';

/** What `--json` prints. */
interface PruneReport {
  readonly target: string;
  readonly dryRun: boolean;
  /** ISO 8601; of a dry run: what it would be; null: no receipt goes, nor ever went. */
  horizon: string | null;
  pruned: number;
  kept: number;
}

export function addPrune(program: Command, context: CommandContext): void {
  program
    .command('prune')
    .description('Forget old receipts of a target, and refuse files that are older from then on.')
    .argument('<target>', 'target of the configuration: schema.table, or a table of public')
    .requiredOption('--older-than <duration>', 'receipts of older loads: 90d, at least 1d')
    .option('--dry-run', 'count, and forget nothing')
    .addHelpText(
      'after',
      `
A receipt proves that a file was loaded. It is forgotten when its object is gone from its place, and the warehouse then keeps
an instant, the horizon: a file that was written before it and has no receipt is quarantined (before-horizon) instead of
being loaded a second time. Receipts whose objects are still there are kept, whatever their age.

Examples:
  $ millrace prune public.flights --older-than 90d --dry-run
  $ millrace prune flights --older-than 365d

Exit codes: 0 done, 1 it failed on the way (run it again), 2 wrong usage or configuration.`,
    )
    .action(
      async (
        word: string,
        { olderThan, dryRun = false }: { olderThan: string; dryRun?: boolean },
        command: Command,
      ) => {
        const project = await context.project(command);
        const target = targetOf(project, word);
        const olderThanMs = readAge(olderThan);
        const { terminal } = context;
        const report: PruneReport = { target, dryRun, horizon: null, pruned: 0, kept: 0 };
        await using session = await openSession(project, {
          what: 'millrace prune',
          purpose: 'inspect',
        });
        let after: string | null = null;
        do {
          terminal.status(`${formatNumber(report.pruned)} pruned, ${formatNumber(report.kept)} kept`);
          const step = await session.operations.pruneReceipts({ target, olderThanMs, dryRun, after });
          report.horizon = later(report.horizon, step.horizon);
          report.pruned += step.pruned;
          report.kept += step.kept;
          after = step.next;
        } while (after !== null);
        terminal.status('');
        if (context.options(command).json) terminal.json(report);
        else terminal.result(sentenceOf(report));
      },
    );
}

function readAge(text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new LoadError('wrong-usage', `--older-than '${text}' is not a duration`, {
      hint: "write '90d'",
      cause,
    });
  }
}

/** Steps that forget nothing tell the horizon that stood before. */
function later(one: string | null, other: string | null): string | null {
  return one === null || (other !== null && other > one) ? other : one;
}

function sentenceOf({ target, dryRun, horizon, pruned, kept }: PruneReport): string {
  const would = dryRun ? 'would be ' : '';
  const rest = kept === 0 ? '' : `; ${formatNumber(kept)} old ones are kept, whose objects are still there`;
  const what = `${count(pruned, 'receipt')} of ${target} ${would}pruned${rest}`;
  if (horizon === null) return what;
  return `${what}\nfiles without a receipt that were written before ${horizon} ${dryRun ? 'would be' : 'are'} refused`;
}
