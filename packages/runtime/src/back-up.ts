import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LoadError } from '@millrace/core';

/** The files of a backup: what `restore` puts back. */
export const BACKUP_FILES = { tracker: 'tracker.db', warehouse: 'warehouse.duckdb' } as const;
/** What a backup has beside them, when there are events. */
export const BACKUP_SEALS = 'seals.db';

interface Copied {
  backup(path: string): Promise<unknown>;
}

/**
 * Copies tracker and warehouse, each consistent, into a new directory, while both are in use.
 *
 * The tracker first: a job that commits in between is in the copied warehouse with its receipts, and the copied
 * tracker, which still has its files waiting, is set right by them. The other way round files would be lost.
 *
 * The seals before both, and nothing may be announced until the tracker is copied: a chunk that is announced in between
 * would be in neither copy. What is sealed later is consumed again from the stream.
 *
 * @throws LoadError `backup-exists` when the directory has something in it.
 */
export async function backUp(
  { seals, tracker, warehouse }: { seals: Partial<Copied> | undefined; tracker: Copied; warehouse: Copied },
  directory: string,
): Promise<number> {
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) {
    throw new LoadError('backup-exists', `${directory} is not empty`, { hint: 'name a new directory' });
  }
  await seals?.backup?.(join(directory, BACKUP_SEALS));
  await tracker.backup(join(directory, BACKUP_FILES.tracker));
  await warehouse.backup(join(directory, BACKUP_FILES.warehouse));
  let bytes = 0;
  for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size;
  return bytes;
}

/** Where the state is not on this machine. @throws LoadError `backup-elsewhere` */
export async function refuseBackUp(): Promise<never> {
  throw new LoadError('backup-elsewhere', 'tracker and warehouse are not both on this machine', {
    hint: 'use point-in-time recovery of the DynamoDB table and snapshots of the cluster',
  });
}
