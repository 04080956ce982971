import { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { addBackfill } from './commands/backfill.ts';
import { addBackup } from './commands/backup.ts';
import { addBulk } from './commands/bulk.ts';
import { addDashboard } from './commands/dashboard.ts';
import { addDeploy } from './commands/deploy.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFailures } from './commands/failures.ts';
import { addGrants } from './commands/grants.ts';
import { addInit } from './commands/init.ts';
import { addJobs } from './commands/jobs.ts';
import { addLoad } from './commands/load.ts';
import { addMigrate } from './commands/migrate.ts';
import { addPause, addResume } from './commands/pause.ts';
import { addPlan } from './commands/plan.ts';
import { addPrune } from './commands/prune.ts';
import { addQuery } from './commands/query.ts';
import { addReconcile } from './commands/reconcile.ts';
import { addRedrive } from './commands/redrive.ts';
import { addRedshift } from './commands/redshift.ts';
import { addRestore } from './commands/restore.ts';
import { addStatus } from './commands/status.ts';
import { addTail } from './commands/tail.ts';
import { addTrace } from './commands/trace.ts';
import { addTransform } from './commands/transform.ts';
import { addUp } from './commands/up.ts';

/** In the order in which people meet them. */
const COMMANDS = [
  addInit,
  addUp,
  addLoad,
  addBulk,
  addBackfill,
  addDashboard,
  addStatus,
  addTrace,
  addJobs,
  addDoctor,
  addFailures,
  addRedrive,
  addReconcile,
  addPrune,
  addPause,
  addResume,
  addPlan,
  addTransform,
  addTail,
  addMigrate,
  addQuery,
  addGrants,
  addBackup,
  addRestore,
  addDeploy,
  addRedshift,
] as const;

/** All commands. Throws CommanderError instead of ending the process. */
export function createProgram(context: CommandContext, { version }: { version: string }): Command {
  const program = new Command('millrace')
    .description('Loads files into a warehouse in micro-batches, exactly once.')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .option('--dir <dir>', 'directory of the project (default: the current one)')
    .option('--config <path>', 'configuration to use (default: millrace.config.ts or .json in the directory)')
    .option('--env <name>', 'environment of the configuration (default: MILLRACE_ENV)')
    .option('--json', 'print results as JSON')
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => context.terminal.result(text.trimEnd()),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    })
    .showHelpAfterError('(see `millrace --help`, or `--help` after a command)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ millrace init flights && cd flights
  $ millrace up --until-idle
  $ millrace query 'SELECT COUNT(*) FROM flights'

Exit codes: 0 done, 1 something failed (named on stderr), 2 wrong usage or configuration.`,
    );
  for (const add of COMMANDS) add(program, context);
  return program;
}
