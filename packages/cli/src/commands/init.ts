import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { LoadError, parseTargetName } from '@millrace/core';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CONFIG_NAMES } from '../project/find-config.ts';
import { EXAMPLE_FLIGHTS } from '../scaffold/example-flights.ts';
import { planEventsProject } from '../scaffold/plan-events-project.ts';
import { type NewProject, planProject } from '../scaffold/plan-project.ts';
import { checkProject, writeProject } from '../scaffold/write-project.ts';
import { askOne, type Prompt } from '../terminal/ask-one.ts';
import { showText } from '../terminal/show-text.ts';
import { formatTable } from '../terminal/table.ts';

interface InitOptions {
  readonly yes?: boolean;
  readonly from?: string;
  readonly target?: string;
  readonly jsonConfig?: boolean;
  readonly what?: 'files' | 'events';
  readonly where?: 'local' | 'aws';
}

export function addInit(program: Command, context: CommandContext): void {
  program
    .command('init')
    .description('Begin a project: a configuration, a migration and a sample file that loads.')
    .argument('<directory>', 'directory of the project; made if needed')
    .option(
      '--from <file>',
      'file to make the table from: csv, tsv, json, ndjson or parquet; also .gz and .zst',
    )
    .option('--target <table>', 'schema.table (default: public, and named after the file)')
    .addOption(new Option('--what <what>', 'what is taken in (default: files)').choices(['files', 'events']))
    .addOption(new Option('--where <where>', 'where it is to run (default: local)').choices(['local', 'aws']))
    .option('--json-config', 'write millrace.config.json instead of millrace.config.ts')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
On a terminal it asks what is not said; with --yes, or elsewhere, nothing is asked. Nothing that is there is overwritten.
A project for AWS has an environment of that name beside this machine: it runs here, and there with --env aws.

Examples:
  $ millrace init flights
  $ millrace init clicks --what events --yes
  $ millrace init shop --from orders.csv.gz --target sales.orders --yes

Exit codes: 0 written, 1 refused or failed, 2 wrong usage.`,
    )
    .action(async (given: string, options: InitOptions, command: Command) => {
      const directory = resolve(context.cwd, context.options(command).dir ?? '.', given);
      checkOptions(options);
      const asked = asks(options, context) ? await askKind(options) : options;
      const project = await plan(asked, context);
      checkProject(directory, project.files, CONFIG_NAMES);
      const shown = relative(context.cwd, directory) || '.';
      if (!(await isWanted(project, { context, yes: options.yes === true, shown }))) {
        context.terminal.note('nothing was written');
        return;
      }
      await writeProject(directory, project.files);
      const paths = project.files.map(({ path }) => path);
      if (context.options(command).json) {
        context.terminal.json({
          directory,
          target: project.target,
          files: paths,
          warnings: project.table.warnings,
        });
      } else {
        context.terminal.result(paths.map((path) => showText(join(shown, path))).join('\n'));
      }
      sayNext(project, { context, shown });
    });
}

function checkOptions({ what, from, target }: InitOptions): void {
  if (what !== 'events' || (from === undefined && target === undefined)) return;
  throw new LoadError('wrong-usage', '--from and --target are about files, and --what says events', {
    hint: 'leave them out, or write --what files',
  });
}

async function plan(options: InitOptions, { cwd }: CommandContext): Promise<NewProject> {
  const target = options.target === undefined ? undefined : readTarget(options.target);
  const asJson = options.jsonConfig === true;
  const onAws = options.where === 'aws';
  if (options.what === 'events') return planEventsProject({ asJson, onAws });
  if (options.from !== undefined) return planProject(resolve(cwd, options.from), { target, asJson, onAws });
  const folder = await mkdtemp(join(tmpdir(), 'millrace-init-'));
  try {
    const sample = join(folder, EXAMPLE_FLIGHTS.fileName);
    await writeFile(sample, EXAMPLE_FLIGHTS.text);
    const project = await planProject(sample, { target: target ?? EXAMPLE_FLIGHTS.target, asJson, onAws });
    const text = { text: EXAMPLE_FLIGHTS.text };
    const files = project.files.map((file) => ('copyOf' in file.content ? { ...file, content: text } : file));
    return { ...project, files };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readTarget(text: string): string {
  try {
    return parseTargetName(text);
  } catch (cause) {
    if (!(cause instanceof LoadError)) throw cause;
    throw new LoadError('wrong-usage', `--target: ${cause.message}`, {
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      cause,
    });
  }
}

/** Scripts have said what they want. */
function asks({ yes }: { yes?: boolean }, { terminal }: CommandContext): boolean {
  return yes !== true && process.stdin.isTTY === true && terminal.showsProgress;
}

/** What is being built, as far as the options do not say it. */
async function askKind(options: InitOptions): Promise<InitOptions> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const isSaid = options.what !== undefined || options.from !== undefined || options.target !== undefined;
    const what = isSaid ? options.what : await askWhat(prompt);
    const where = options.where ?? (await askWhere(prompt));
    return { ...options, where, ...(what === undefined ? {} : { what }) };
  } finally {
    prompt.close();
  }
}

async function askWhat(prompt: Prompt): Promise<'files' | 'events'> {
  const answer = await askOne(prompt, {
    question: 'What is to be loaded?',
    choices: ['files that land in a bucket', 'events that are sent over HTTP'],
  });
  return answer === 1 ? 'files' : 'events';
}

async function askWhere(prompt: Prompt): Promise<'local' | 'aws'> {
  const answer = await askOne(prompt, {
    question: 'Where is it to run?',
    choices: ['on this machine', 'on AWS (and on this machine, to try it)'],
  });
  return answer === 1 ? 'local' : 'aws';
}

/** Asks on a terminal only: scripts have said what they want. */
async function isWanted(
  { target, table, files }: NewProject,
  { context, yes, shown }: { context: CommandContext; yes: boolean; shown: string },
): Promise<boolean> {
  const { terminal } = context;
  if (!asks({ yes }, context)) return true;
  const columns = table.columns.map(({ name, type, why }) => [showText(name), type, showText(why)]);
  terminal.note(`${terminal.styleNote('bold', target)}\n`);
  if (columns.length > 0) {
    terminal.note(formatTable([{ title: 'COLUMN' }, { title: 'TYPE' }, { title: 'SEEN' }], columns));
  }
  for (const warning of table.warnings) terminal.note(`mind: ${showText(warning)}`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`\nWrite ${files.length} files into ${showText(shown)}? [Y/n] `);
    return /^(?:y|yes|)$/iu.test(answer.trim());
  } finally {
    prompt.close();
  }
}

function sayNext(
  { table, next }: NewProject,
  { context, shown }: { context: CommandContext; shown: string },
): void {
  const { terminal } = context;
  for (const warning of table.warnings) terminal.note(`mind: ${showText(warning)}`);
  terminal.note(
    [
      '\nNext: review the migration, then',
      ...(shown === '.' ? [] : [`  cd ${showText(shellWord(shown))}`]),
      ...next.map((line) => `  ${line}`),
    ].join('\n'),
  );
}

/** As a shell takes it for one word, and a program for no option. */
function shellWord(text: string): string {
  const path = text.startsWith('-') ? `./${text}` : text;
  return /^[\w./@:+-]+$/u.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
