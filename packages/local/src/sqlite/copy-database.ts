import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import { LoadError } from '@millrace/core';
import { toStateError } from './sqlite-errors.ts';
import { syncToDisk } from './sync-to-disk.ts';

/**
 * Writes a consistent copy of a database to the path `to`, while it is in use: what is written meanwhile by this process
 * is in the copy or not, as a whole.
 *
 * @throws LoadError `backup-exists` when there is a file at `to`.
 */
export async function copyDatabase(database: DatabaseSync, to: string): Promise<void> {
  if (existsSync(to)) {
    throw new LoadError('backup-exists', `${to} exists already`, {
      hint: 'name another file or move it away',
    });
  }
  const partial = `${to}.partial`;
  rmSync(partial, { force: true });
  try {
    await backup(database, partial);
    // Under its name only when it is whole and on the disk: half a backup is worse than none.
    await syncToDisk(partial);
    renameSync(partial, to);
    await syncToDisk(dirname(to));
  } catch (error) {
    rmSync(partial, { force: true });
    throw toStateError(error, to);
  }
}
