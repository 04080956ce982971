import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BareDuckDb, readingsFrom } from '../bare-duckdb.ts';
import { BenchLane } from '../bench-lane.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatSeconds } from '../figure.ts';
import { READING_COLUMNS, READING_TYPES, writeReadings } from '../sensor-readings.ts';
import { median, secondsOf, sideBySide } from '../side-by-side.ts';

const ROWS = 1_000_000;
const CHANGES = 200_000;
/** Every sixth reading, scattered over the table and beyond its end: five of six are updates. */
const CHANGED_ID = 'i * 6';
const ROWS_AFTER = ROWS + CHANGES - Math.ceil(ROWS / 6);
const FORMAT = 'csv.zst';

/** An upsert by a lane, against a stage, a row_number and a MERGE in DuckDB. */
export async function measureUpsert({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const objects = join(directory, 'objects');
  mkdirSync(join(objects, 'lake', 'base'), { recursive: true });
  mkdirSync(join(objects, 'lake', 'changes'));
  const base = join(objects, 'lake', 'base', `readings.${FORMAT}`);
  const changes = join(objects, 'lake', 'changes', `readings.${FORMAT}`);
  const bare = await BareDuckDb.open(directory);
  try {
    await writeReadings(bare.connection, base, { format: FORMAT, from: 0, rows: ROWS });
    await writeReadings(bare.connection, changes, {
      format: FORMAT,
      from: 0,
      rows: CHANGES,
      version: 1,
      idOf: CHANGED_ID,
    });
    const taken = await sideBySide(rounds, {
      bare: async (round) => {
        const table = `readings_${round}`;
        await bare.createReadings(table);
        await bare.connection.run(`INSERT INTO ${table} SELECT * FROM ${readingsFrom([base], FORMAT)}`);
        const seconds = await secondsOf(() => mergeBare(bare, table, changes));
        expectRows(await bare.countRows(table), ROWS_AFTER);
        await bare.connection.run(`DROP TABLE ${table}`);
        return seconds;
      },
      lane: async (round) => {
        const lane = await BenchLane.open({
          directory: join(directory, `lane-${round}`),
          objects,
          target: 'public.readings',
          columns: READING_COLUMNS,
          definition: {
            mode: 'upsert',
            key: 'id',
            latestBy: 'seen_at',
            from: ['s3://lake/base/', 's3://lake/changes/'],
            format: { kind: 'csv', header: true },
          },
        });
        await lane.load(await lane.announced('base/'));
        await lane.rest();
        const announced = await lane.announced('changes/');
        const seconds = await secondsOf(() => lane.load(announced));
        expectRows(await lane.countRows(), ROWS_AFTER);
        await lane.close();
        return seconds;
      },
    });
    const [ours, theirs] = [median(taken.lane), median(taken.bare)];
    return [
      {
        name: 'upsert 200,000 into 1,000,000',
        value: theirs / ours,
        unit: '× bare DuckDB',
        bound: { atLeast: 0.6 },
        detail: `${formatSeconds(ours)}; bare MERGE ${formatSeconds(theirs)}`,
      },
    ];
  } finally {
    bare.close();
  }
}

async function mergeBare({ connection }: BareDuckDb, table: string, path: string): Promise<void> {
  const names = Object.keys(READING_TYPES);
  await connection.run('BEGIN TRANSACTION');
  await connection.run(`CREATE OR REPLACE TEMP TABLE stage AS SELECT * FROM ${readingsFrom([path], FORMAT)}`);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE latest AS
     SELECT * FROM stage QUALIFY row_number() OVER (PARTITION BY id ORDER BY seen_at DESC NULLS LAST) = 1`,
  );
  await connection.run(
    `MERGE INTO ${table} AS reading USING latest ON reading.id = latest.id
     WHEN MATCHED AND latest.seen_at >= reading.seen_at THEN UPDATE SET
       ${names
         .filter((name) => name !== 'id')
         .map((name) => `${name} = latest.${name}`)
         .join(', ')}
     WHEN NOT MATCHED THEN INSERT (${names.join(', ')}) VALUES (${names.map((name) => `latest.${name}`).join(', ')})`,
  );
  await connection.run('COMMIT');
}
