import { parseArgs } from 'node:util';
import type { FairnessReport } from './fairness-report.ts';
import { tellCatchers } from './find-catcher.ts';
import { isMechanism, MECHANISMS, type Mechanism } from './mechanism.ts';
import { type RunReport, runSeeds } from './run-seeds.ts';
import { simulate } from './simulate.ts';

const USAGE = `usage: npm run simulate -- [--seeds N] [--from S] [--json] [--story] [--awaits] [--real] [--harsh] [--mechanisms] [--without MECHANISM]
       npm run simulate -- --scenario fairness [--small] [--from S] [--json]

  --seeds N    how many seeds (100)
  --from S     the first one (1)
  --real       on redshift-local's real SQL and SQLite instead of models
  --story      what happened, in order; of a failing seed it is told anyway
  --awaits     how often each await of each verb was crashed
  --harsh      most statements end badly
  --mechanisms take each mechanism away in turn until somebody notices, and print the table
  --without M  take a mechanism away: ${Object.keys(MECHANISMS).join(', ')}
  --scenario   fairness: 200 lanes, 4 places, one lane with a backlog of 50,000 files and a backfill of 100,000
  --small      with fewer files in each of the busy lane's jobs
  --json       the last line is the report as JSON

Exits 1 when a seed has a violation, 2 when it cannot understand its arguments.`;

/** With fewer seeds most awaits are those where nobody died yet. */
const MIN_SEEDS_TO_AIM = 100;
/** Lines of a failing seed's story that are printed unasked: the last ones lead up to the violation. */
const STORY_TAIL = 60;

interface Arguments {
  readonly seeds: number;
  readonly from: number;
  readonly isJson: boolean;
  readonly isTold: boolean;
  readonly showsAwaits: boolean;
  readonly isReal: boolean;
  readonly isHarsh: boolean;
  readonly takesAllAway: boolean;
  readonly without: Mechanism | undefined;
  readonly isFairness: boolean;
  readonly isSmall: boolean;
}

function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      story: { type: 'boolean', default: false },
      awaits: { type: 'boolean', default: false },
      real: { type: 'boolean', default: false },
      harsh: { type: 'boolean', default: false },
      mechanisms: { type: 'boolean', default: false },
      without: { type: 'string' },
      scenario: { type: 'string' },
      small: { type: 'boolean', default: false },
    },
  });
  const { without, scenario } = values;
  if (scenario !== undefined && scenario !== 'fairness') {
    throw new Error(`'${scenario}' is no scenario: name fairness`);
  }
  if (without !== undefined && !isMechanism(without)) {
    throw new Error(`'${without}' is no mechanism: name one of ${Object.keys(MECHANISMS).join(', ')}`);
  }
  return {
    seeds: readCount('--seeds', values.seeds, 1),
    from: readCount('--from', values.from, 0),
    isJson: values.json,
    isTold: values.story,
    showsAwaits: values.awaits,
    isReal: values.real,
    isHarsh: values.harsh,
    takesAllAway: values.mechanisms,
    without,
    isFairness: scenario === 'fairness',
    isSmall: values.small,
  };
}

function readCount(name: string, text: string, least: number): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < least) {
    throw new Error(`${name} takes a whole number from ${least} on, got '${text}'`);
  }
  return count;
}

async function run(args: Arguments): Promise<number> {
  const { seeds, from, isJson, isTold, showsAwaits, isReal, isHarsh, without } = args;
  if (args.isFairness) return runFairness(args);
  if (args.takesAllAway) {
    for await (const line of tellCatchers({ from, seeds })) console.log(line);
    return 0;
  }
  // An engine of real SQL takes a while to load.
  const open = isReal ? (await import('./real-backing.ts')).openReal : undefined;
  const startedAt = performance.now();
  const report = await runSeeds({
    seeds,
    from,
    without,
    isHarsh,
    open,
    // A few seeds, or seeds that lack something, are asked for to see what happens in them, and not where nobody died.
    isAimed: seeds >= MIN_SEEDS_TO_AIM && !isReal && !isTold && without === undefined,
    onSeed: ({ seed, aims, violations }) => {
      for (const { checker, text, atMs } of violations) {
        const where = aims.map(({ verb, site }) => `, dead at ${verb}: ${site.name},`).join('');
        console.log(`seed ${seed}${where} after ${(atMs / 1_000).toFixed(1)} s: ${checker}: ${text}`);
      }
    },
  });
  const [first] = report.failed;
  const told = isTold ? from : first?.seed;
  if (told !== undefined) {
    const { story } = await simulate({
      seed: told,
      isTold: true,
      aims: isTold ? [] : (first?.aims ?? []),
      isHarsh,
      ...(without === undefined ? {} : { without }),
    });
    console.log(`\nthe story of seed ${told}:`);
    const shown = isTold ? story : story.slice(-STORY_TAIL);
    if (shown.length < story.length)
      console.log(`… ${story.length - shown.length} lines; all of them: --from ${told} --seeds 1 --story`);
    for (const line of shown) console.log(line);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  if (showsAwaits) printAwaits(report);
  const summary = summarise(report, seconds);
  console.log(isJson ? JSON.stringify(summary) : sayIt(summary));
  return report.failed.length > 0 ? 1 : 0;
}

async function runFairness({ from, isJson, isSmall }: Arguments): Promise<number> {
  const { openFairness } = await import('./open-fairness.ts');
  const report = await openFairness({ seed: from, isSmall });
  for (const violation of report.violations) console.log(violation);
  const { violations, ...figures } = report;
  const summary = { scenario: 'fairness', seeds: 1, violations: violations.length, faults: 0, ...figures };
  console.log(isJson ? JSON.stringify(summary) : sayFairness(report));
  return violations.length > 0 ? 1 : 0;
}

function sayFairness({ lanes, files, jobs, freshnessMs, live, busy, violations }: FairnessReport): string {
  const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
  return (
    `${lanes} lanes, ${files} files, ${jobs} jobs; freshness ${seconds(freshnessMs)}; live lanes: median ${seconds(live.p50Ms)}, ` +
    `p99 ${seconds(live.p99Ms)}, most ${seconds(live.maxMs)}; busy lane: ${busy.files} files in ${busy.jobs} jobs, ` +
    `longest wait ${seconds(busy.longestWaitMs)}; ${violations.length} violations`
  );
}

interface Summary {
  readonly seeds: number;
  /** Runs of these seeds in which a worker died at an await where none had died by chance. */
  readonly aimed: number;
  readonly violations: number;
  readonly files: number;
  readonly jobs: number;
  readonly faults: number;
  readonly failedSeeds: readonly number[];
  /** Places where a verb waits, and those of them where no worker died. */
  readonly awaits: number;
  readonly awaitsNeverCrashed: readonly string[];
  readonly fewest: RunReport['fewest'];
  readonly faultsByKind: Readonly<Record<string, number>>;
  readonly seedsPerSecond: number;
}

function summarise(report: RunReport, seconds: number): Summary {
  const counts = report.coverage.counts();
  return {
    seeds: report.seeds,
    aimed: report.aimed,
    violations: report.failed.reduce((sum, { violations }) => sum + violations.length, 0),
    files: report.files,
    jobs: report.jobs,
    faults: report.faults,
    failedSeeds: report.failed.map(({ seed }) => seed),
    awaits: counts.length,
    awaitsNeverCrashed: counts
      .filter(({ diedBefore, diedAfter }) => diedBefore + diedAfter === 0)
      .map(({ verb, site }) => `${verb}: ${site}`),
    fewest: report.fewest,
    faultsByKind: Object.fromEntries(report.faultsByKind),
    seedsPerSecond: Math.round((report.seeds / seconds) * 100) / 100,
  };
}

function sayIt(summary: Summary): string {
  const { seeds, violations, files, jobs, faults, awaits, awaitsNeverCrashed, seedsPerSecond } = summary;
  return `${seeds} seeds, ${files} files, ${jobs} jobs, ${faults} faults, ${violations} violations; ${awaits - awaitsNeverCrashed.length} of ${awaits} awaits crashed; ${seedsPerSecond} seeds/s`;
}

function printAwaits({ coverage }: RunReport): void {
  const row = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, index) =>
        index < 2 ? String(cell).padEnd(index === 0 ? 14 : 52) : String(cell).padStart(10),
      )
      .join('');
  console.log(row(['verb', 'await', 'reached', 'died before', 'died after']));
  for (const { verb, site, reached, diedBefore, diedAfter } of coverage.counts()) {
    console.log(row([verb, site, reached, diedBefore, diedAfter]));
  }
}

try {
  process.exitCode = await run(readArguments(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exitCode = 2;
}
