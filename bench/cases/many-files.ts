import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type LoaderEvent, parseConfig } from '@millrace/core';
import { Millrace } from '@millrace/runtime';
import { BareDuckDb, readingsFrom } from '../bare-duckdb.ts';
import { BenchLane } from '../bench-lane.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { writeMigration } from '../migration.ts';
import { READING_COLUMNS } from '../sensor-readings.ts';
import { median, secondsOf, sideBySide } from '../side-by-side.ts';
import { TINY_ROWS, writeTinyFiles } from '../tiny-files.ts';

const FILES = 10_000;
const TARGET = 'public.readings';
const FORMAT = { kind: 'csv', header: true };
const BATCH = { maxFiles: 500, freshness: '1s' };

/** Ten thousand tiny files: by notifications, by the watcher of the directory, and DuckDB's reader of many files. */
export async function measureManyFiles({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const objects = join(directory, 'objects');
  const bare = await BareDuckDb.open(directory);
  try {
    const paths = await writeTinyFiles(bare.connection, join(objects, 'lake', 'tiny'), { files: FILES });
    const taken = await sideBySide(rounds, {
      bare: async (round) => {
        const table = `readings_${round}`;
        await bare.createReadings(table);
        const seconds = await secondsOf(() =>
          bare.connection.run(`INSERT INTO ${table} SELECT * FROM ${readingsFrom(paths, 'csv')}`),
        );
        expectRows(await bare.countRows(table), FILES * TINY_ROWS);
        return seconds;
      },
      notified: async (round) => {
        const lane = await BenchLane.open({
          directory: join(directory, `notified-${round}`),
          objects,
          target: TARGET,
          columns: READING_COLUMNS,
          definition: { mode: 'append', from: 's3://lake/tiny/', format: FORMAT, ...BATCH },
        });
        const announced = await lane.announced('tiny/');
        const seconds = await secondsOf(() => lane.load(announced));
        expectRows(await lane.countRows(), FILES * TINY_ROWS);
        await lane.close();
        return seconds;
      },
      watched: (round) => loadByWatcher(join(directory, `watched-${round}`), bare),
    });
    const rate = (seconds: readonly number[]): number => FILES / median(seconds);
    const theirs = `bare read_csv of all at once ${formatNumber(rate(taken.bare))} files/s`;
    return [
      {
        name: '10,000 files by notifications',
        value: rate(taken.notified),
        unit: 'files/s',
        bound: { atLeast: 2_000 },
        detail: theirs,
      },
      {
        name: '10,000 files by the watcher',
        value: rate(taken.watched),
        unit: 'files/s',
        bound: { atLeast: 2_000 },
        detail: theirs,
      },
    ];
  } finally {
    bare.close();
  }
}

/** The whole product: files are renamed into the directory while `millrace up` watches it. */
async function loadByWatcher(directory: string, { connection }: BareDuckDb): Promise<number> {
  writeMigration(directory, `CREATE TABLE ${TARGET} (${READING_COLUMNS});`);
  const drafts = await writeTinyFiles(connection, join(directory, 'drafts'), { files: FILES });
  const folder = join(directory, '.millrace', 'objects', 'lake', 'tiny');
  mkdirSync(folder, { recursive: true });
  const config = parseConfig(
    { targets: { [TARGET]: { mode: 'append', from: 's3://lake/tiny/', format: FORMAT, ...BATCH } } },
    { source: 'the benchmark' },
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let loaded = 0;
  const onEvent = (event: LoaderEvent): void => {
    if (event.kind === 'job-failed') reject(new Error(`a job failed: ${event.reason}`));
    if (event.kind !== 'table-loaded') return;
    loaded += event.job.files;
    if (loaded === FILES) resolve();
  };
  const onError = (where: string, cause: unknown): void => reject(new Error(`${where} failed`, { cause }));
  const millrace = await Millrace.open(config, { directory, onEvent, onError });
  try {
    await millrace.start();
    const seconds = await secondsOf(async () => {
      for (const draft of drafts) renameSync(draft, join(folder, basename(draft)));
      await promise;
    });
    const { rows } = await millrace.query(`SELECT count(*) AS n FROM ${TARGET}`);
    expectRows(Number(rows[0]?.n), FILES * TINY_ROWS);
    return seconds;
  } finally {
    await millrace.stop();
  }
}
