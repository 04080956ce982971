import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { writeReadings } from './sensor-readings.ts';

/** Rows of a tiny file: about a kilobyte. */
export const TINY_ROWS = 10;

/** Writes many CSV files of `TINY_ROWS` readings each, in the order of their names. @returns their paths. */
export async function writeTinyFiles(
  connection: DuckDBConnection,
  folder: string,
  { files, first = 0 }: { files: number; first?: number },
): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const all = join(folder, '.all.csv');
  await writeReadings(connection, all, { format: 'csv', from: first * TINY_ROWS, rows: files * TINY_ROWS });
  const [header = '', ...lines] = readFileSync(all, 'utf8').trimEnd().split('\n');
  rmSync(all);
  return Array.from({ length: files }, (_, at) => {
    const path = join(folder, `readings-${String(first + at).padStart(6, '0')}.csv`);
    const own = lines.slice(at * TINY_ROWS, (at + 1) * TINY_ROWS);
    writeFileSync(path, `${[header, ...own].join('\n')}\n`);
    return path;
  });
}
