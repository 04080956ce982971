import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchSettings } from './bench-settings.ts';
import { measureAppend } from './cases/append.ts';
import { measureGuard } from './cases/guard.ts';
import { measureManyFiles } from './cases/many-files.ts';
import { measureMemory } from './cases/memory.ts';
import { measureTinyJob } from './cases/tiny-job.ts';
import { measureUpsert } from './cases/upsert.ts';
import { type Figure, formatBound, formatNumber, verdictOf } from './figure.ts';
import { describeMachine } from './machine.ts';

/** By the name that the command line takes, in the order in which they run. */
const CASES: Readonly<Record<string, (settings: BenchSettings) => Promise<readonly Figure[]>>> = {
  append: measureAppend,
  upsert: measureUpsert,
  'tiny-job': measureTinyJob,
  'many-files': measureManyFiles,
  guard: measureGuard,
  memory: measureMemory,
};

const USAGE = `npm run bench -- [--json] [--rounds N] [${Object.keys(CASES).join('] [')}]`;

const { names, rounds, json } = readArguments();
const measured: Figure[] = [];
if (!json) process.stdout.write(`${describeMachine()}\nmedians of ${rounds} rounds\n\n`);
for (const name of names) measured.push(...(await runCase(name)));
const missed = measured.filter((figure) => verdictOf(figure) === 'miss');
if (json) {
  const figures = measured.map((figure) => ({ ...figure, verdict: verdictOf(figure) }));
  process.stdout.write(`${JSON.stringify({ machine: describeMachine(), rounds, figures }, null, 2)}\n`);
} else {
  process.stdout.write(
    missed.length === 0 ? '\nall bounds hold\n' : `\n${missed.length} of ${measured.length} missed\n`,
  );
}
process.exitCode = missed.length === 0 ? 0 : 1;

async function runCase(name: string): Promise<readonly Figure[]> {
  const measure = CASES[name] as (typeof CASES)[string];
  // Not below /tmp by name: wherever temporary files are, but on a disk, for commits have to be durable.
  const directory = mkdtempSync(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'millrace-bench-'));
  try {
    const figures = await measure({ directory, rounds });
    if (!json) for (const figure of figures) process.stdout.write(lineOf(figure));
    return figures;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function lineOf(figure: Figure): string {
  const { name, value, unit, bound, detail } = figure;
  const columns = [
    verdictOf(figure).padEnd(4),
    name.padEnd(36),
    `${formatNumber(value)} ${unit}`.padEnd(24),
    formatBound(bound).padEnd(8),
    detail,
  ];
  return `${columns.join('  ').trimEnd()}\n`;
}

function readArguments(): { names: readonly string[]; rounds: number; json: boolean } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(CASES, name));
  if (unknown !== undefined) usageError(`there is no benchmark '${unknown}'`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    usageError(`--rounds takes a whole number, not '${values.rounds}'`);
  return { names: positionals.length > 0 ? positionals : Object.keys(CASES), rounds, json: values.json };
}

function usageError(message: string): never {
  process.stderr.write(`${message}\nusage: ${USAGE}\n`);
  process.exit(2);
}
