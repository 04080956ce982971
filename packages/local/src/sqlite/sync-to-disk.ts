import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

/** Resolves when what was written to an open file is on the disk. */
export const syncDescriptor: (descriptor: number) => Promise<void> = promisify(fsync);

/**
 * Resolves when a file's bytes, or the names in a folder, are on the disk. A file that was made or renamed is lost in
 * a power cut until its folder is synced too.
 */
export async function syncToDisk(path: string): Promise<void> {
  const descriptor = openSync(path, 'r');
  try {
    await syncDescriptor(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
