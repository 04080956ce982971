import { type FailureEntry, LoadError } from '@millrace/core';
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
    .description('List quarantined files, and waiting ones whose last load failed, with the reason.')
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
      if (context.options(command).json) context.terminal.json(failures);
      else showFailures(failures, context.terminal);
    });
}

function showFailures(failures: readonly FailureEntry[], terminal: Terminal): void {
  if (failures.length === 0) {
    terminal.note('no failures');
    return;
  }
  terminal.result(failures.map((failure) => failureText(failure, terminal)).join('\n\n'));
  const quarantined = failures.filter(({ state }) => state === 'quarantined').length;
  if (quarantined > 0) {
    const them = quarantined === 1 ? 'it' : 'them';
    terminal.note(
      `\n${count(quarantined, 'quarantined file')}: correct the cause, then \`millrace redrive\` ${them}`,
    );
  }
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
