import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killAll } from './millrace-process.ts';
import { type DemoOptions, runDemo } from './run-demo.ts';
import { Screen } from './screen.ts';

const HELP = `npm run demo -- [options]

  --keep          keep the project's directory afterwards
  --rows <n>      load the first n flights only (48000 or more; default: all 3 million)
  --seconds <n>   let files land for about so long (default: 12)

Exit codes: 0 every number is right, 1 one is off or the demo failed, 2 wrong usage, 130 interrupted.`;

/** Fewer flights make loads so short that none can be killed in the middle. */
const MIN_ROWS = 48_000;

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

process.exitCode = await main();
// Not by running dry: what an interrupted run had begun must not keep it.
process.exit();

async function main(): Promise<number> {
  const given = readOptions();
  if (typeof given === 'number') return given;
  const screen = new Screen(process.stdout);
  const directory = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const interrupted = Promise.withResolvers<number>();
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      screen.close('interrupted');
      interrupted.resolve(code);
    });
  }
  try {
    return await Promise.race([run(screen, { ...given, directory }), interrupted.promise]);
  } finally {
    await killAll();
    if (given.keep) process.stdout.write(`kept: ${directory}\n`);
    else await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function run(screen: Screen, options: DemoOptions): Promise<number> {
  try {
    return (await runDemo(screen, options)) ? 0 : 1;
  } catch (error) {
    screen.live('');
    screen.line(
      `\n${screen.style('red', 'FAILED')}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return 1;
  }
}

/** @returns an exit code when there is nothing to be run. */
function readOptions(): (Omit<DemoOptions, 'directory'> & { keep: boolean }) | number {
  try {
    const { values } = parseArgs({
      options: {
        keep: { type: 'boolean', default: false },
        rows: { type: 'string' },
        seconds: { type: 'string', default: '12' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const rows = values.rows === undefined ? null : readNumber('rows', values.rows, MIN_ROWS);
    return { keep: values.keep, rows, arrivalMs: readNumber('seconds', values.seconds, 2) * 1_000 };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
}

function readNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`--${name} is '${text}': write a whole number of ${least} or more`);
  }
  return value;
}
