import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/** Resolves when the bytes of the file are on the disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes the name of a file durable: a renamed or new file is lost in a power cut until its folder is synced. */
export function syncFolderOf(path: string): void {
  syncFile(dirname(path));
}
