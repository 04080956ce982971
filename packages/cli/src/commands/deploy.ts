import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LoadError } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openDeployKit } from '../deploy/deploy-kit.ts';
import { planDeployment, withoutProject } from '../deploy/plan-deployment.ts';
import { bootstrapAndDeploy } from '../deploy/run-cdk.ts';
import { showText } from '../terminal/show-text.ts';

interface Options {
  readonly dryRun?: boolean;
  readonly out?: string;
  readonly parameters: readonly string[];
  readonly queue: readonly string[];
  readonly secret: readonly string[];
  readonly handlers?: string;
  readonly stack: string;
  readonly profile?: string;
  readonly region?: string;
  readonly yes?: boolean;
}

/** CloudFormation: letters, digits, hyphens; a letter first. */
const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/u;
const PREFIX_PARAMETER = 'statementNamePrefix';

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addDeploy(program: Command, context: CommandContext): void {
  program
    .command('deploy')
    .description('Deploy the project to AWS: functions, queues, schedules, rights, migrations, as one stack.')
    .option('--dry-run', 'write template and assets, and deploy nothing; needs no account')
    .option('--out <dir>', 'where they are written (default: .millrace/cdk.out)')
    .option('--parameters <name=value>', "a parameter of the stack, as cdk's", several, [])
    .option(
      '--queue <name=s3://…>',
      'where the files are that a queue announces; the queue is made',
      several,
      [],
    )
    .option(
      '--secret <NAME=arn>',
      'the secret for an environment variable that alerts or producer name',
      several,
      [],
    )
    .option('--handlers <dir>', 'bundles of your own, <dir>/<function>/index.mjs')
    .option('--stack <name>', 'the name of the stack', 'Millrace')
    .option('--profile <name>', 'the profile of AWS credentials')
    .option('--region <region>', 'the region (default: as the AWS SDK finds it)')
    .option('--yes', 'do not ask before rights are widened')
    .addHelpText(
      'after',
      `
The warehouse of the configuration has to be Redshift. In a directory without a configuration, targets come from documents of
queues, and --parameters statementNamePrefix=<database> says which database.

Examples:
  $ millrace deploy --env production --dry-run --out cdk.out
  $ millrace deploy --env production --yes
  $ millrace deploy --parameters statementNamePrefix=prod --queue orders_queue=s3://lake/orders/

Exit codes: 0 deployed (or written), 1 it could not be, 2 wrong usage or configuration.`,
    )
    .action(async (options: Options, command: Command) => deploy(options, command, context));
}

async function deploy(options: Options, command: Command, context: CommandContext): Promise<void> {
  const { stack, parameters, dryRun = false } = options;
  if (!STACK_NAME.test(stack)) {
    throw wrongUsage(`'${stack}' is not the name of a stack`, 'letters, digits and hyphens, a letter first');
  }
  readPairs('--parameters', parameters);
  const { dir = '.', config } = context.options(command);
  const directory = resolve(context.cwd, dir);
  const own = {
    queues: readPairs('--queue', options.queue),
    secrets: readPairs('--secret', options.secret),
    handlers: options.handlers === undefined ? undefined : resolve(context.cwd, options.handlers),
  };
  const project = await context.project(command).catch((error: unknown) => {
    const isNone = error instanceof LoadError && error.code === 'config-missing' && config === undefined;
    if (!isNone) throw error;
    if (dryRun || parameters.some((one) => one.startsWith(`${PREFIX_PARAMETER}=`))) return undefined;
    throw new LoadError('config-missing', `${error.message}, and no parameter names the database`, {
      class: 'config',
      hint: `name the project with --dir or --config; or, for documents of queues, write --parameters ${PREFIX_PARAMETER}=<database>`,
    });
  });
  const props = project === undefined ? withoutProject(own) : await planDeployment(project, own);
  const out =
    options.out === undefined ? join(directory, '.millrace', 'cdk.out') : resolve(context.cwd, options.out);
  const { ProjectStack } = openDeployKit();
  // Assets of an earlier run would stay for good.
  if (options.out === undefined) rmSync(out, { recursive: true, force: true });
  try {
    mkdirSync(out, { recursive: true });
  } catch (cause) {
    throw wrongUsage(
      `nothing can be written to '${out}': ${messageOf(cause)}`,
      'name another folder with --out',
    );
  }
  try {
    ProjectStack.synthesize(out, stack, props);
  } catch (cause) {
    throw new LoadError('config-invalid', messageOf(cause), { class: 'config', cause });
  }
  if (dryRun) {
    if (context.options(command).json) context.terminal.json({ out, stack });
    else context.terminal.result(showText(out));
    return;
  }
  await bootstrapAndDeploy({
    assembly: out,
    parameters,
    profile: options.profile,
    region: options.region,
    isUnasked: options.yes === true,
  });
}

/** @throws LoadError `wrong-usage` */
function readPairs(option: string, pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1 || at === pair.length - 1)
        throw wrongUsage(`${option} ${pair} has no name and value`, 'write NAME=VALUE');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function wrongUsage(message: string, hint: string): LoadError {
  return new LoadError('wrong-usage', message, { class: 'usage', hint });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
