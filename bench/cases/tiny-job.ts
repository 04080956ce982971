import { join } from 'node:path';
import { BareDuckDb, readingsFrom } from '../bare-duckdb.ts';
import { BenchLane } from '../bench-lane.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatSeconds } from '../figure.ts';
import { READING_COLUMNS } from '../sensor-readings.ts';
import { median, secondsOf, sideBySide } from '../side-by-side.ts';
import { TINY_ROWS, writeTinyFiles } from '../tiny-files.ts';

/**
 * A load takes milliseconds: the median of so many more rounds is as steady as that of the long cases, and is that of a
 * process that has run for a while, as a loader has.
 */
const ROUNDS_FACTOR = 60;

/** A whole turn of a lane over one tiny file, against one durable DuckDB transaction that reads the same file. */
export async function measureTinyJob(settings: BenchSettings): Promise<readonly Figure[]> {
  const { directory } = settings;
  const rounds = settings.rounds * ROUNDS_FACTOR;
  const objects = join(directory, 'objects');
  const bare = await BareDuckDb.open(directory);
  const lane = await BenchLane.open({
    directory: join(directory, 'lane'),
    objects,
    target: 'public.readings',
    columns: READING_COLUMNS,
    definition: { mode: 'append', from: 's3://lake/tiny/', format: { kind: 'csv', header: true } },
  });
  try {
    const paths = await writeTinyFiles(bare.connection, join(objects, 'lake', 'tiny'), { files: rounds + 1 });
    const announced = await lane.announced('tiny/');
    await bare.createReadings('readings');
    const taken = await sideBySide(
      rounds,
      {
        bare: (round) =>
          secondsOf(async () => {
            await bare.connection.run('BEGIN TRANSACTION');
            await bare.connection.run(
              `INSERT INTO readings SELECT * FROM ${readingsFrom(paths.slice(round, round + 1), 'csv')}`,
            );
            await bare.connection.run('COMMIT');
          }),
        lane: async (round) => {
          const seconds = await secondsOf(async () => {
            await lane.load(announced.slice(round, round + 1));
            await lane.rest();
          });
          return seconds;
        },
      },
      { collects: false },
    );
    expectRows(await lane.countRows(), (rounds + 1) * TINY_ROWS);
    expectRows(await bare.countRows('readings'), (rounds + 1) * TINY_ROWS);
    const [ours, theirs] = [median(taken.lane), median(taken.bare)];
    return [
      {
        name: `load job of one file of ${TINY_ROWS} rows`,
        value: ours / theirs,
        unit: '× bare time',
        bound: { atMost: 3 },
        detail: `${formatSeconds(ours)}; bare transaction ${formatSeconds(theirs)}`,
      },
    ];
  } finally {
    await lane.close();
    bare.close();
  }
}
