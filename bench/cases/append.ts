import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BareDuckDb, readingsFrom } from '../bare-duckdb.ts';
import { BenchLane } from '../bench-lane.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { READING_COLUMNS, type ReadingFormat, writeReadings } from '../sensor-readings.ts';
import { median, secondsOf, sideBySide } from '../side-by-side.ts';

const ROWS = 1_000_000;
const FORMATS: Readonly<Record<Exclude<ReadingFormat, 'csv'>, unknown>> = {
  'csv.zst': { kind: 'csv', header: true },
  'csv.gz': { kind: 'csv', header: true },
  'ndjson.gz': { kind: 'json' },
  parquet: { kind: 'parquet' },
};

/** An append of a million rows by a lane, against the bare INSERT … SELECT of the same file. */
export async function measureAppend({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const bare = await BareDuckDb.open(directory);
  try {
    for (const format of Object.keys(FORMATS) as (keyof typeof FORMATS)[]) {
      const key = `${format}/readings.${format}`;
      const objects = join(directory, 'objects');
      const path = join(objects, 'lake', key);
      mkdirSync(join(objects, 'lake', format), { recursive: true });
      await writeReadings(bare.connection, path, { format, from: 0, rows: ROWS });

      const taken = await sideBySide(rounds, {
        bare: async (round) => {
          const table = `${format.replaceAll('.', '_')}_${round}`;
          await bare.createReadings(table);
          const seconds = await secondsOf(() =>
            bare.connection.run(`INSERT INTO ${table} SELECT * FROM ${readingsFrom([path], format)}`),
          );
          expectRows(await bare.countRows(table), ROWS);
          await bare.connection.run(`DROP TABLE ${table}`);
          return seconds;
        },
        lane: async (round) => {
          const lane = await BenchLane.open({
            directory: join(directory, `lane-${format}-${round}`),
            objects,
            target: 'public.readings',
            columns: READING_COLUMNS,
            definition: { mode: 'append', from: `s3://lake/${format}/`, format: FORMATS[format] },
          });
          const announced = await lane.announced(`${format}/`);
          const seconds = await secondsOf(() => lane.load(announced));
          expectRows(await lane.countRows(), ROWS);
          await lane.close();
          return seconds;
        },
      });
      const [ours, theirs] = [ROWS / median(taken.lane), ROWS / median(taken.bare)];
      figures.push({
        name: `append ${format}`,
        value: ours / theirs,
        unit: '× bare DuckDB',
        bound: { atLeast: 0.8 },
        detail: `${formatNumber(ours)} rows/s; bare ${formatNumber(theirs)} rows/s`,
      });
    }
  } finally {
    bare.close();
  }
  return figures;
}
