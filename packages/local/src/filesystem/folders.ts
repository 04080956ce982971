import { mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { LoadError } from '@millrace/core';
import { syncToDisk } from '../sqlite/sync-to-disk.ts';
import { hasCode } from './file-errors.ts';

/**
 * Makes the folder and those above it, durably.
 *
 * @throws LoadError `link-refused` when a symbolic link is on the way (what is made through it would be elsewhere),
 * `key-conflict` when a file is.
 */
export async function makeFolder(path: string): Promise<void> {
  const real = realFolder(path);
  if (real === path) return;
  if (real !== undefined) throw linkRefused(path, real);
  const above = dirname(path);
  await makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another writer made it in between; or it is a file, which the next look tells.
    if (!hasCode(error, 'EEXIST')) throw error;
    return makeFolder(path);
  }
  await syncToDisk(above);
}

/** Whether `path` is a folder that is reached without any symbolic link; false when it is not there. */
export function isPlainFolder(path: string): boolean {
  try {
    return realpathSync.native(path) === path;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
    throw error;
  }
}

function realFolder(path: string): string | undefined {
  try {
    // With a slash behind, so that a file in the place of a folder fails.
    return realpathSync.native(`${path}/`);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (hasCode(error, 'ENOTDIR')) {
      const message = `${path} cannot be a folder: it, or something above it, is a file`;
      throw new LoadError('key-conflict', message, {
        hint: 'a directory cannot have both an object a and an object a/b: use other keys',
        cause: error,
      });
    }
    throw error;
  }
}

function linkRefused(path: string, real: string): LoadError {
  const message = `${path} leads through a symbolic link to ${real}`;
  return new LoadError('link-refused', message, {
    class: 'config',
    hint: 'use a folder, or a bind mount, in its place',
  });
}
