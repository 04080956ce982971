import { open } from 'node:fs/promises';

/**
 * Resolves when a file's bytes, or the names in a folder, are on the disk. A file that was made or renamed is lost in
 * a power cut until its folder is synced too.
 */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
