import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchSettings } from './bench-settings.ts';
import { measureAppend } from './cases/append.ts';
import { measureAwsCost } from './cases/aws-cost.ts';
import { measureAwsImport } from './cases/aws-import.ts';
import { measureAwsIntake } from './cases/aws-intake.ts';
import { measureCompression } from './cases/compression.ts';
import { measureConsume } from './cases/consume.ts';
import { measureEvents } from './cases/events.ts';
import { measureGuard } from './cases/guard.ts';
import { measureKpl } from './cases/kpl.ts';
import { measureManyFiles } from './cases/many-files.ts';
import { measureMemory } from './cases/memory.ts';
import { measurePostgres } from './cases/postgres.ts';
import { measureProducer } from './cases/producer.ts';
import { measureTinyJob } from './cases/tiny-job.ts';
import { measureUpsert } from './cases/upsert.ts';
import { type Figure, verdictOf } from './figure.ts';
import { describeMachine } from './machine.ts';
import { jsonOf, lineOf, markdownOf } from './report.ts';

/** By the name that the command line takes, in the order in which they run. */
const CASES: Readonly<Record<string, (settings: BenchSettings) => Promise<readonly Figure[]>>> = {
  append: measureAppend,
  upsert: measureUpsert,
  'tiny-job': measureTinyJob,
  'many-files': measureManyFiles,
  guard: measureGuard,
  memory: measureMemory,
  postgres: measurePostgres,
  'aws-cost': measureAwsCost,
  'aws-intake': measureAwsIntake,
  'aws-import': measureAwsImport,
  kpl: measureKpl,
  consume: measureConsume,
  compression: measureCompression,
  producer: measureProducer,
  events: measureEvents,
};

const USAGE = `npm run bench -- [--json | --markdown] [--rounds N] [${Object.keys(CASES).join('] [')}]`;

const { names, rounds, format } = readArguments();
const machine = describeMachine();
const figures: Figure[] = [];
if (format === 'lines') process.stdout.write(`${machine}\nmedians of ${rounds} rounds\n\n`);
for (const name of names) {
  const measured = await runCase(name);
  figures.push(...measured);
  if (format === 'lines') for (const figure of measured) process.stdout.write(lineOf(figure));
}
const missed = figures.filter((figure) => verdictOf(figure) === 'miss');
if (format === 'json') process.stdout.write(jsonOf({ machine, rounds, figures }));
if (format === 'markdown') process.stdout.write(markdownOf({ machine, rounds, figures }));
if (format === 'lines') {
  const outcome = missed.length === 0 ? 'all bounds hold' : `${missed.length} of ${figures.length} missed`;
  process.stdout.write(`\n${outcome}\n`);
}
process.exitCode = missed.length === 0 ? 0 : 1;

async function runCase(name: string): Promise<readonly Figure[]> {
  const measure = CASES[name] as (typeof CASES)[string];
  // On a disk: where temporary files live in memory, a durable commit costs nothing, and TMPDIR has to say another place.
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    return await measure({ directory, rounds });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readArguments(): {
  names: readonly string[];
  rounds: number;
  format: 'lines' | 'json' | 'markdown';
} {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
    },
  });
  const unknown = positionals.find((name) => casesOf(name).length === 0);
  if (unknown !== undefined) usageError(`there is no benchmark '${unknown}'`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    usageError(`--rounds takes a whole number, not '${values.rounds}'`);
  return {
    names: positionals.length > 0 ? positionals.flatMap(casesOf) : Object.keys(CASES),
    rounds,
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'lines',
  };
}

/** A case by its name, or all that begin with it: `aws`. */
function casesOf(name: string): readonly string[] {
  return Object.keys(CASES).filter((one) => one === name || one.startsWith(`${name}-`));
}

function usageError(message: string): never {
  process.stderr.write(`${message}\nusage: ${USAGE}\n`);
  process.exit(2);
}
