import type { JobEntry, JobStory } from '@millrace/core';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { tableOf } from '../project/target-name.ts';
import { showText } from '../terminal/show-text.ts';
import { formatTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { count, formatBytes, formatInstant, formatNumber, formatSpan } from '../terminal/words.ts';

/** Jobs are ULIDs; no table is called so. */
const JOB_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/u;
const DEFAULT_LIMIT = 20;

export function addJobs(program: Command, context: CommandContext): void {
  program
    .command('jobs')
    .description('List load jobs, or show one with its SQL and its files.')
    .argument('[target or job]', 'only jobs of this target; or the id of one job')
    .option('--limit <n>', 'how many', readLimit, DEFAULT_LIMIT)
    .addHelpText(
      'after',
      `
Examples:
  $ millrace jobs
  $ millrace jobs public.flights --limit 100 --json
  $ millrace jobs 01KJ3Z0W2V8S9X7Q4M5N6P7R8T

Exit codes: 0 listed, 1 they could not be found out, or nobody remembers the job, 2 wrong usage or configuration.`,
    )
    .action(async (word: string | undefined, { limit }: { limit: number }, command: Command) => {
      const project = await context.project(command);
      const { json } = context.options(command);
      const { terminal } = context;
      await using session = await openSession(project, { what: 'millrace jobs', purpose: 'inspect' });
      if (word !== undefined && JOB_ID.test(word.toUpperCase())) {
        const story = await session.operations.job(word.toUpperCase());
        if (json) terminal.json(story);
        else showJob(story, terminal);
        return;
      }
      const named = word === undefined ? {} : { target: tableOf(word) };
      const jobs = await session.operations.jobs({ limit, ...named });
      if (json) terminal.json(jobs);
      else showJobs(jobs, terminal);
    });
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/u.test(text) && limit >= 1 && limit <= 1_000) return limit;
  throw new InvalidArgumentError('write a number from 1 to 1000.');
}

function showJobs(jobs: readonly JobEntry[], terminal: Terminal): void {
  if (jobs.length === 0) {
    terminal.note('no jobs');
    return;
  }
  const columns = [
    { title: 'JOB' },
    { title: 'TARGET' },
    { title: 'STATE' },
    ...['FILES', 'BYTES', 'ROWS', 'TOOK'].map((title) => ({ title, align: 'right' }) as const),
    { title: 'BEGAN' },
  ];
  terminal.result(
    formatTable(
      columns,
      jobs.map((job) => [
        job.id,
        job.target,
        job.state,
        formatNumber(job.files),
        formatBytes(job.bytes),
        job.rows === null ? '-' : formatNumber(job.rows),
        formatSpan(job.durationMs),
        formatInstant(job.submittedAt),
      ]),
    ),
  );
  for (const { id, error } of jobs) if (error !== null) terminal.result(`${id}: ${showText(error)}`);
}

function showJob(job: JobStory, terminal: Terminal): void {
  const rows = job.rows === null ? '' : `, ${count(job.rows, 'row')}`;
  const files = job.files === null ? '' : `, ${count(job.files, 'file')}`;
  const settled = job.settledAt === null ? '' : `, ended ${formatInstant(job.settledAt)}`;
  terminal.result(`${terminal.styleResult('bold', `job ${job.id}`)}, attempt ${job.attempt}: ${job.state}`);
  terminal.result(`${job.target}${files}${rows}; began ${formatInstant(job.plannedAt)}${settled}`);
  terminal.result(`statement ${job.statementName}${job.statementId === null ? '' : ` (${job.statementId})`}`);
  if (job.error !== null) terminal.result(`error: ${showText(job.error)}`);
  terminal.result('\nFiles');
  for (const url of job.urls ?? ['(the document of the job is gone)']) terminal.result(`  ${showText(url)}`);
  terminal.result('\nSQL');
  terminal.result(
    job.sql === null ? '(the document of the job is gone)' : job.sql.map((sql) => `${sql};`).join('\n'),
  );
}
