import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchLane } from '../bench-lane.ts';
import { READING_COLUMNS } from '../sensor-readings.ts';
import { secondsOf } from '../side-by-side.ts';

/** What a process that loaded the objects below `big/` tells of itself, as JSON. */
export interface MemoryReport {
  readonly rows: number;
  readonly seconds: number;
  /** The peak of the resident set, by the kernel's count. */
  readonly peakBytes: number;
}

const [directory = ''] = process.argv.slice(2);
const lane = await BenchLane.open({
  directory: join(directory, 'lane'),
  objects: join(directory, 'objects'),
  target: 'public.readings',
  columns: READING_COLUMNS,
  definition: {
    mode: 'append',
    from: 's3://lake/big/',
    format: { kind: 'csv', header: true },
  },
});
const announced = await lane.announced('big/');
const seconds = await secondsOf(() => lane.load(announced));
const peakBytes = readPeakBytes();
const rows = await lane.countRows();
await lane.close();
const report: MemoryReport = { rows, seconds, peakBytes };
process.stdout.write(JSON.stringify(report));

function readPeakBytes(): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (kibibytes === undefined)
    throw new Error('/proc/self/status has no VmHWM: peak memory is measured on Linux');
  return Number(kibibytes) * 1024;
}
