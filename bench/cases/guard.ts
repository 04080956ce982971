import { join } from 'node:path';
import { ledgerOf, loadFileOf, type ObjectInfo, planLoad } from '@millrace/core';
import { BareDuckDb } from '../bare-duckdb.ts';
import { BenchLane } from '../bench-lane.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { type Figure, formatNumber, formatSeconds } from '../figure.ts';
import { READING_COLUMNS } from '../sensor-readings.ts';
import { median, type Seconds, secondsOf, sideBySide } from '../side-by-side.ts';
import { writeTinyFiles } from '../tiny-files.ts';

const RECEIPTS = [1_000, 10_000, 100_000, 1_000_000] as const;
const TARGET = 'public.readings';
/** What takes milliseconds is measured so many times more often: chance weighs more there. */
const GUARD_ROUNDS_FACTOR = 20;
const JOBS = [
  { files: 1, roundsFactor: 20 },
  { files: 500, roundsFactor: 4 },
] as const;

/** Whether a load costs the same however many files its target has had: 1,000 receipts or a million. */
export async function measureGuard({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const objects = join(directory, 'objects');
  const total = JOBS.reduce((sum, { files, roundsFactor }) => sum + files * (rounds * roundsFactor + 1), 0);
  const bare = await BareDuckDb.open(directory);
  await writeTinyFiles(bare.connection, join(objects, 'lake', 'tiny'), { files: total });
  bare.close();
  const lanes = new Map<number, BenchLane>();
  try {
    for (const receipts of RECEIPTS) lanes.set(receipts, await openWith(receipts, { directory, objects }));
    const inTurn = (
      counted: number,
      time: (lane: BenchLane, round: number) => Promise<Seconds>,
    ): Promise<Record<string, Seconds[]>> => {
      const contenders = [...lanes].map(([receipts, lane]) => [
        receipts,
        (round: number) => time(lane, round),
      ]);
      return sideBySide(counted, Object.fromEntries(contenders), { collects: false });
    };
    const [anyLane] = lanes.values();
    const announced = (await anyLane?.announced('tiny/')) ?? [];
    const figures: Figure[] = [];
    let first = 0;
    for (const { files, roundsFactor } of JOBS) {
      const guards = await inTurn(rounds * GUARD_ROUNDS_FACTOR, (lane) => timeGuard(lane, newObjects(files)));
      figures.push(flatness(`guard of ${filesText(files)}`, guards));
      const begin = first;
      const jobs = await inTurn(rounds * roundsFactor, (lane, round) => {
        const at = begin + round * files;
        return timeJob(lane, announced.slice(at, at + files));
      });
      figures.push(flatness(`job of ${filesText(files)}`, jobs));
      first += (rounds * roundsFactor + 1) * files;
    }
    return figures;
  } finally {
    for (const lane of lanes.values()) await lane.close();
  }
}

function filesText(files: number): string {
  return files === 1 ? 'one file' : `${files} files`;
}

/** Objects that nobody has seen: the guard reads their names alone. */
function newObjects(files: number): readonly ObjectInfo[] {
  return Array.from({ length: files }, (_, at) => ({
    bucket: 'lake',
    key: `tiny/new-${at}.csv`,
    etag: 'e'.repeat(32),
    size: 1_000,
    lastModifiedAt: 0,
  }));
}

/** A lane whose target has had so many files. */
async function openWith(
  receipts: number,
  { directory, objects }: { directory: string; objects: string },
): Promise<BenchLane> {
  const lane = await BenchLane.open({
    directory: join(directory, `lane-${receipts}`),
    objects,
    target: TARGET,
    columns: READING_COLUMNS,
    definition: { mode: 'append', from: 's3://lake/tiny/', format: { kind: 'csv', header: true } },
  });
  const { schema, name } = ledgerOf(TARGET).receipts;
  await lane.engine.runBatch([
    `INSERT INTO ${schema}.${name}
     SELECT md5('file' || i), md5('key' || i), 's3://lake/tiny/old-' || i || '.csv', md5('etag' || i), 1000,
       'load', '01AAAAAAAAAAAAAAAAAAAAAAAA', 1, i, 10, GETDATE()
     FROM generate_series(1, ${receipts}) AS numbers(i)`,
  ]);
  return lane;
}

function timeJob(lane: BenchLane, objects: readonly ObjectInfo[]): Promise<Seconds> {
  return secondsOf(async () => {
    await lane.load(objects);
    await lane.rest();
  });
}

/** Runs a job's transaction up to its guard, and no further. @returns what the guard took. */
async function timeGuard(lane: BenchLane, objects: readonly ObjectInfo[]): Promise<Seconds> {
  const { targets, warehouse } = lane.loader;
  const definition = targets.get(TARGET);
  const tableColumns = await warehouse.describeTable(TARGET);
  if (definition === undefined || tableColumns === undefined) throw new Error(`${TARGET} is not there`);
  const plan = planLoad({
    target: TARGET,
    rule: definition.rule,
    tableColumns,
    attempt: { jobId: '01BBBBBBBBBBBBBBBBBBBBBBBB', attempt: 1, fence: 1 },
    loadedAt: 0,
    files: objects.map((object) => loadFileOf(object, 0)),
    manifestUrl: 's3://lake/no-manifest',
    // Beyond what one statement may hold, the list would come by COPY; the guard is the same.
    fileListManifestUrl: 's3://lake/no-list',
    iamRole: 'default',
    copyOptions: '',
    lockTimeoutMs: 0,
    statementTimeoutMs: 0,
    maxStatementBytes: Number.POSITIVE_INFINITY,
  });
  const guardAt = plan.findIndex(({ kind }) => kind === 'guard-receipts');
  const endedAt: bigint[] = [];
  await lane.engine.runBatch(
    plan.slice(0, guardAt + 1).map((statement) => warehouse.dialect.render(statement)),
    { onResult: () => endedAt.push(process.hrtime.bigint()) },
  );
  const [before, after] = [endedAt[guardAt - 1], endedAt[guardAt]];
  if (before === undefined || after === undefined) throw new Error('the guard did not run');
  return Number(after - before) / 1e9;
}

/** How much dearer the dearest is than the cheapest. */
function flatness(name: string, taken: Readonly<Record<string, readonly Seconds[]>>): Figure {
  const medians = Object.entries(taken).map(([receipts, seconds]) => ({
    receipts,
    seconds: median(seconds),
  }));
  const all = medians.map(({ seconds }) => seconds);
  return {
    name: `${name}, 10³ to 10⁶ receipts`,
    value: Math.max(...all) / Math.min(...all),
    unit: '× the cheapest',
    bound: { atMost: 1.2 },
    detail: medians
      .map(({ receipts, seconds }) => `${formatNumber(Number(receipts))}: ${formatSeconds(seconds)}`)
      .join(', '),
  };
}
