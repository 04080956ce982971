import { type FailureEntry, LoadError, type RejectReport } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { tableOf, targetOf } from '../project/target-name.ts';
import { reasonOf } from '../terminal/event-line.ts';
import { showText } from '../terminal/show-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { count, formatInstant } from '../terminal/words.ts';
import { readSelection, type SelectionOptions } from './read-selection.ts';

export function addFailures(program: Command, context: CommandContext): void {
  program
    .command('failures')
    .description(
      'List quarantined files, waiting ones whose last load failed, and rejected events, with the reason.',
    )
    .option('--target <target>', 'only of this target')
    .option('--prefix <url>', 'only files whose address begins so: s3://bucket/…')
    .option('--since <instant>', 'only what failed then or later: 2026-11-01, 2026-11-01T06:00Z')
    .option('--until <instant>', 'only what failed before')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace failures
  $ millrace failures --target public.flights --json

Exit codes: 0 listed (also when there are some), 1 they could not be found out, 2 wrong usage or configuration.`,
    )
    .action(async (options: SelectionOptions, command: Command) => {
      const project = await context.project(command);
      const { target, ...others } = options;
      const selection = readSelection(project, { urls: [], options: others });
      const named = target === undefined ? {} : { target: tableOf(target) };
      await using session = await openSession(project, { what: 'millrace failures', purpose: 'inspect' });
      const failures = await session.operations
        .failures({ ...selection, ...named })
        .catch((error: unknown) => {
          // A target that has left the configuration may have left files behind; what never was one is a slip.
          if (target !== undefined && error instanceof LoadError && error.code === 'target-unknown')
            targetOf(project, target);
          throw error;
        });
      // An address is a file's.
      const { since, until } = selection;
      const rejects =
        options.prefix === undefined
          ? await session.operations.rejects({ ...named, ...span({ since, until }) })
          : { entries: [], hasMore: false, next: null };
      const { terminal } = context;
      if (context.options(command).json) terminal.json([...failures, ...rejects.entries.map(rejectJson)]);
      else if (failures.length + rejects.entries.length === 0) terminal.note('no failures');
      else {
        showFailures(failures, terminal);
        showRejects(rejects, { terminal, isAlone: failures.length === 0 });
      }
    });
}

function showFailures(failures: readonly FailureEntry[], terminal: Terminal): void {
  if (failures.length === 0) return;
  terminal.result(failures.map((failure) => failureText(failure, terminal)).join('\n\n'));
  const quarantined = failures.filter(({ state }) => state === 'quarantined').length;
  if (quarantined > 0) {
    const them = quarantined === 1 ? 'it' : 'them';
    terminal.note(
      `\n${count(quarantined, 'quarantined file')}: correct the cause, then \`millrace redrive\` ${them}`,
    );
  }
}

function span({ since, until }: { since?: number | undefined; until?: number | undefined }) {
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

type Reject = RejectReport['entries'][number];

/** Beside files in one list: what both have is called the same. */
function rejectJson({ id, type, reason, ...others }: Reject) {
  return { ...others, state: 'rejected', error: reason, event: { id, type } };
}

function showRejects(
  { entries, hasMore }: RejectReport,
  { terminal, isAlone }: { terminal: Terminal; isAlone: boolean },
): void {
  if (entries.length === 0) return;
  const texts = entries.map(({ id, type, target, code, reason, at, url }) => {
    const what = id === null ? 'a record that is no event' : `event ${showText(id)}`;
    const kind = type === null ? '' : `, ${showText(type)}`;
    return [
      terminal.styleResult('bold', what + kind),
      `  ${target === null ? '' : `${target}, `}${terminal.styleResult('red', 'rejected')} ${formatInstant(at)}`,
      `  why:   ${showText(reason)} [${code}]`,
      `  in:    ${showText(url)}`,
    ].join('\n');
  });
  terminal.result(`${isAlone ? '' : '\n'}${texts.join('\n\n')}`);
  const those = hasMore
    ? `more than ${count(entries.length, 'rejected event')}`
    : count(entries.length, 'rejected event');
  terminal.note(`\n${those}: correct the transform, or the table, then \`millrace redrive --rejects\``);
}

function failureText(failure: FailureEntry, terminal: Terminal): string {
  const { url, target, state, at, line, column, rawValue, error, code, hint } = failure;
  const places = [
    ...(line === null ? [] : [`line ${line}`]),
    ...(column === null ? [] : [`column ${column}`]),
  ];
  const facts: readonly (readonly [string, string | null])[] = [
    ['where', places.length === 0 ? null : places.join(', ')],
    ['why', `${reasonOf({ code, reason: error })} [${code}]`],
    ['value', rawValue === null || rawValue === '' ? null : `'${showText(rawValue)}'`],
    ['fix', hint === null ? null : showText(hint)],
  ];
  const shownState = terminal.styleResult(state === 'quarantined' ? 'red' : 'yellow', state);
  return [
    terminal.styleResult('bold', showText(url)),
    `  ${target}, ${shownState} ${formatInstant(at)}`,
    ...facts.flatMap(([name, text]) => (text === null ? [] : [`  ${`${name}:`.padEnd(6)} ${text}`])),
  ].join('\n');
}
