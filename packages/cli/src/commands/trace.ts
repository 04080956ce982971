import type { TracedFile, TraceMark, TraceReport, TraceStep } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { objectUrlOf } from '../project/object-url.ts';
import { tableOf } from '../project/target-name.ts';
import { showText } from '../terminal/show-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { formatBytes, formatInstant } from '../terminal/words.ts';

interface TraceOptions {
  readonly target?: string;
  readonly sql?: boolean;
}

export function addTrace(program: Command, context: CommandContext): void {
  program
    .command('trace')
    .description('Tell the story of one file: seen, routed, loaded by which job, or exactly why it waits.')
    .argument('<url>', 's3://bucket/key, or the path of a file in the folder that plays S3')
    .option('--target <target>', 'only the story before this target')
    .option('--sql', 'also the SQL that was sent to the warehouse')
    .addHelpText(
      'after',
      `
Every version of the key that is known is told, the newest first. Where nobody can tell, it says so.

Examples:
  $ millrace trace s3://lake/flights/2026-11-20.csv
  $ millrace trace objects/lake/flights/2026-11-20.csv --sql
  $ millrace trace s3://lake/flights/2026-11-20.csv --json | jq -r .summary

Exit codes: 0 told (whatever it tells), 1 it could not be found out, 2 wrong usage or configuration.`,
    )
    .action(async (word: string, { target, sql }: TraceOptions, command: Command) => {
      const project = await context.project(command);
      const url = objectUrlOf(project, word, context.cwd);
      await using session = await openSession(project, { what: 'millrace trace', purpose: 'inspect' });
      const named = target === undefined ? {} : { target: tableOf(target) };
      const report = await session.operations.trace({ url, ...named });
      if (context.options(command).json) context.terminal.json(report);
      else showTrace(report, { terminal: context.terminal, withSql: sql === true });
    });
}

function showTrace(
  report: TraceReport,
  { terminal, withSql }: { terminal: Terminal; withSql: boolean },
): void {
  terminal.result(terminal.styleResult('bold', showText(report.url)));
  terminal.result(showText(report.summary));
  terminal.result('');
  for (const step of report.steps) terminal.result(stepText(step, terminal));
  for (const file of report.files) {
    terminal.result(`\n${headOf(file, terminal)}`);
    for (const step of file.steps) terminal.result(stepText(step, terminal));
    for (const line of evidenceLines(file)) terminal.result(`${INDENT}${line}`);
    if (withSql) showSql(file, terminal);
  }
}

function headOf({ target, etag, size, isCurrent, state }: TracedFile, terminal: Terminal): string {
  const which = isCurrent ? 'as it is there now' : 'another version';
  return `${terminal.styleResult('bold', target)}: ${state}  (${which}: ${formatBytes(size)}, etag ${showText(etag)})`;
}

/** Below the sign, the station and the instant. */
const INDENT = ' '.repeat(34);

const SIGNS: Readonly<Record<TraceMark, readonly [string, 'green' | 'yellow' | 'red' | 'gray']>> = {
  done: ['+', 'green'],
  waiting: ['~', 'yellow'],
  stopped: ['!', 'red'],
  ahead: ['.', 'gray'],
  unknown: ['?', 'yellow'],
};

function stepText({ step, mark, at, text, todo }: TraceStep, terminal: Terminal): string {
  const [sign, colour] = SIGNS[mark];
  const when = (at === null ? '' : formatInstant(at)).padEnd(21);
  const line = `${terminal.styleResult(colour, sign)} ${step.padEnd(10)} ${when}${showText(text)}`;
  return todo === null ? line : `${line}\n${INDENT}-> ${showText(todo)}`;
}

function evidenceLines({ evidence }: TracedFile): readonly string[] {
  if (evidence === null) return [];
  const { line, column, rawValue } = evidence;
  const where = [
    ...(line === null ? [] : [`line ${line}`]),
    ...(column === null ? [] : [`column ${showText(column)}`]),
    ...(rawValue === null || rawValue === '' ? [] : [`value '${showText(rawValue)}'`]),
  ];
  return where.length === 0 ? [] : [where.join(', ')];
}

function showSql({ job }: TracedFile, terminal: Terminal): void {
  if (job === null) return;
  terminal.result('');
  terminal.result(
    job.sql === null
      ? `-- the document of job ${job.id} is gone`
      : job.sql.map((sql) => `${sql};`).join('\n'),
  );
}
