import { execFile } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BareDuckDb } from '../bare-duckdb.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { writeReadings } from '../sensor-readings.ts';
import type { MemoryReport } from './load-and-report.ts';

const BYTES = 1_000_000_000;
/** To see how long a reading is in a file. */
const SAMPLE_ROWS = 100_000;
const LIMIT_GB = 1.5;

/** The most memory that a process ever had while it loaded a gigabyte of CSV through a lane. */
export async function measureMemory({ directory }: BenchSettings): Promise<readonly Figure[]> {
  const folder = join(directory, 'objects', 'lake', 'big');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'readings.csv');
  const bare = await BareDuckDb.open(directory);
  await writeReadings(bare.connection, path, { format: 'csv', from: 0, rows: SAMPLE_ROWS });
  const rows = Math.ceil((BYTES / statSync(path).size) * SAMPLE_ROWS * 1.01);
  await writeReadings(bare.connection, path, { format: 'csv', from: 0, rows });
  bare.close();
  const bytes = statSync(path).size;

  const report = await loadInChild(directory);
  expectRows(report.rows, rows);
  return [
    {
      name: 'peak memory, 1 GB of CSV',
      value: report.peakBytes / 1e9,
      unit: 'GB',
      bound: { atMost: LIMIT_GB },
      detail: `${formatNumber(bytes / 1e9)} GB, ${formatNumber(rows)} rows, ${formatNumber(rows / report.seconds)} rows/s`,
    },
  ];
}

/** In a process of its own: what this one has allocated so far is not the loader's. */
async function loadInChild(directory: string): Promise<MemoryReport> {
  const script = join(import.meta.dirname, 'load-and-report.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', script, directory]);
  return JSON.parse(stdout) as MemoryReport;
}
