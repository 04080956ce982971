import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LoadError } from '@millrace/core';

/** The files of a backup: what `restore` puts back. */
export const BACKUP_FILES = { tracker: 'tracker.db', warehouse: 'warehouse.duckdb' } as const;

interface Copied {
  backup(path: string): Promise<unknown>;
}

/**
 * Copies tracker and warehouse, each consistent, into a new directory, while both are in use.
 *
 * The tracker first: a job that commits in between is in the copied warehouse with its receipts, and the copied
 * tracker, which still has its files waiting, is set right by them. The other way round files would be lost.
 *
 * @throws LoadError `backup-exists` when the directory has something in it.
 */
export async function backUp(
  { tracker, warehouse }: { tracker: Copied; warehouse: Copied },
  directory: string,
): Promise<number> {
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) {
    throw new LoadError('backup-exists', `${directory} is not empty`, { hint: 'name a new directory' });
  }
  await tracker.backup(join(directory, BACKUP_FILES.tracker));
  await warehouse.backup(join(directory, BACKUP_FILES.warehouse));
  let bytes = 0;
  for (const name of Object.values(BACKUP_FILES)) bytes += (await stat(join(directory, name))).size;
  return bytes;
}
