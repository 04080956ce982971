import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAbsent } from './file-errors.ts';
import { isPlainFolder } from './folders.ts';
import { compareKeys, problemOfKey } from './key-path.ts';

export interface WalkOptions {
  readonly prefix: string;
  readonly startAfter?: string | undefined;
  /** Told of everything below the prefix that is not an object though it is not hidden: links, sockets, impossible names. */
  readonly onSkipped?: ((path: string, why: string) => void) | undefined;
}

/**
 * The keys of the files below a bucket's folder that begin with `prefix`, in the order of their UTF-8 bytes, after
 * `startAfter`. Reads only folders that can hold such keys, each when the walk comes to it.
 *
 * Hidden names (a dot in front) are left out silently, symbolic links are not followed: one that leads out of the
 * directory would publish foreign files, one that leads up would never end.
 */
export function* walkKeys(bucketPath: string, options: WalkOptions): Generator<string> {
  const { prefix } = options;
  // The prefix names folders up to its last slash: the walk starts there, not at the top of the bucket.
  const folderKey = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folderKey !== '' && problemOfKey(folderKey.slice(0, -1))) return;
  const folder = join(bucketPath, folderKey);
  // Of a prefix that leads through a symbolic link nothing is listed, as on the way down from the top.
  if (isPlainFolder(join(folder, '.'))) yield* walkFolder(folder, folderKey, options);
}

interface Child {
  readonly entry: Dirent;
  /** With a slash behind when it is a folder: what its keys begin with, so what it is ordered by. */
  readonly key: string;
}

function* walkFolder(folder: string, folderKey: string, options: WalkOptions): Generator<string> {
  const { startAfter, onSkipped } = options;
  const children: Child[] = [];
  for (const entry of readFolder(folder)) {
    if (entry.name.startsWith('.')) continue;
    const key = `${folderKey}${entry.name}${entry.isDirectory() ? '/' : ''}`;
    if (isWanted(key, entry.isDirectory(), options)) children.push({ entry, key });
  }
  children.sort((a, b) => compareKeys(a.key, b.key));
  for (const { entry, key } of children) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      yield* walkFolder(path, key, options);
    } else if (!entry.isFile()) {
      onSkipped?.(
        path,
        entry.isSymbolicLink() ? 'symbolic links are not followed' : 'it is not a regular file',
      );
    } else {
      const problem = problemOfKey(key);
      if (problem) onSkipped?.(path, `it cannot be a key: ${problem}`);
      else if (startAfter === undefined || compareKeys(key, startAfter) > 0) yield key;
    }
  }
}

function isWanted(key: string, isFolder: boolean, { prefix, startAfter }: WalkOptions): boolean {
  if (!key.startsWith(prefix) && !(isFolder && prefix.startsWith(key))) return false;
  if (startAfter === undefined) return true;
  return compareKeys(key, startAfter) > 0 || (isFolder && startAfter.startsWith(key));
}

/** No entries when the folder is not there (any more). */
function readFolder(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
