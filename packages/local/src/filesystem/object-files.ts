import { type BigIntStats, lstatSync } from 'node:fs';
import type { EpochMs } from '@millrace/core';
import { hashContent } from './content-hash.ts';
import type { EtagCache } from './etag-cache.ts';
import { isAbsent } from './file-errors.ts';

/** What is at a path. */
export type Look =
  | { readonly kind: 'object'; readonly stat: BigIntStats; readonly etag: string }
  /** A file that may still be written to: look again at `until`. */
  | { readonly kind: 'settling'; readonly until: EpochMs }
  | { readonly kind: 'folder'; readonly stat: BigIntStats }
  | { readonly kind: 'absent' }
  /** A symbolic link, a socket, a pipe: never an object. */
  | { readonly kind: 'other' };

/**
 * Kernels (Linux before 6.13) stamp writes with a clock that moves in steps of up to 10 ms: within one, a second write of the same
 * size leaves no trace in the stamp. What is hashed sooner after a write than this is not remembered.
 */
const STAMP_STEP_MS = 20;

/** How often a file that changes under the reader is hashed again before it is called unsettled. */
const MAX_HASHES = 3;

/** Reads what the files of a directory are: their stamps, their ETags, whether they are at rest. */
export class ObjectFiles {
  readonly cache: EtagCache;

  constructor(cache: EtagCache) {
    this.cache = cache;
  }

  /**
   * Looks at a path.
   *
   * A file is at rest when nothing has written to it for `settleMs`, or when this process wrote it as a whole. A file
   * whose time lies in the future is at rest: writing stamps the present, so somebody set that time afterwards.
   * With `settleMs` 0 every file is taken as it is.
   */
  async look(path: string, settleMs: number): Promise<Look> {
    for (let round = 0; round < MAX_HASHES; round += 1) {
      const stat = lstat(path);
      if (!stat) return { kind: 'absent' };
      if (stat.isDirectory()) return { kind: 'folder', stat };
      if (!stat.isFile()) return { kind: 'other' };
      const cached = this.cache.get(path, stat);
      const writtenAt = Number(stat.mtimeNs / 1_000_000n);
      const now = Date.now();
      if (!cached?.isOwn && writtenAt <= now && now - writtenAt < settleMs) {
        return { kind: 'settling', until: writtenAt + settleMs };
      }
      if (cached) return { kind: 'object', stat, etag: cached.etag };
      const etag = await hashUnlessGone(path, stat);
      if (etag === undefined) continue;
      if (Math.abs(now - writtenAt) >= STAMP_STEP_MS) this.cache.put(path, stat, { etag, isOwn: false });
      return { kind: 'object', stat, etag };
    }
    // Somebody writes faster than it can be read.
    return { kind: 'settling', until: Date.now() + Math.max(settleMs, STAMP_STEP_MS) };
  }
}

export function lstat(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Undefined also when the file went away after the look: the next look says so. */
async function hashUnlessGone(path: string, stat: BigIntStats): Promise<string | undefined> {
  try {
    return await hashContent(path, stat);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
