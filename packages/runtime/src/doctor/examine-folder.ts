import { randomBytes } from 'node:crypto';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckResult } from '@millrace/core';

const MIB = 1024 * 1024;
/** With less, the next large file may not fit. */
const LITTLE_BYTES = 2_048 * MIB;
/** With less, the databases of the state folder may not be able to write. */
const NO_BYTES = 128 * MIB;

/** Whether a folder of this machine can be written, and how much room there is. */
export async function examineFolder(check: string, path: string): Promise<readonly CheckResult[]> {
  const trial = join(path, `.doctor-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(path, { recursive: true });
    await writeFile(trial, '');
    await rm(trial);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [
      {
        check,
        status: 'fail',
        detail: `${path} cannot be written: ${why}`,
        fix: 'give this user the folder, or name another one in the configuration',
      },
    ];
  }
  const { bavail, bsize } = await statfs(path);
  return [judgeSpace(check, { path, freeBytes: bavail * bsize })];
}

/** Pure: what so much room is worth. */
export function judgeSpace(
  check: string,
  { path, freeBytes }: { path: string; freeBytes: number },
): CheckResult {
  const detail = `${path} can be written; ${Math.round(freeBytes / MIB)} MiB are free`;
  const fix = 'free space on that disk, or name a folder on another one in the configuration';
  if (freeBytes < NO_BYTES) return { check, status: 'fail', detail, fix };
  if (freeBytes < LITTLE_BYTES) return { check, status: 'warn', detail, fix };
  return { check, status: 'pass', detail, fix: null };
}
