import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  futimesSync,
  openSync,
  readdirSync,
  rmSync,
  writeFile,
  writeFileSync,
} from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EpochMs } from '@millrace/core';
import { syncDescriptor } from '../sqlite/sync-to-disk.ts';
import { etagOf, type FileStamp, isSameStamp, newEtagHash } from './content-hash.ts';
import { hasCode, isAbsent } from './file-errors.ts';
import { makeFolder } from './folders.ts';
import { HIDDEN_FOLDER } from './key-path.ts';
import { lstat, type ObjectFiles } from './object-files.ts';

/** A body that is on the disk as a whole, under a name that nobody lists. */
export interface SpooledFile {
  readonly path: string;
  readonly etag: string;
  readonly stamp: FileStamp;
}

export interface SweepOptions {
  readonly now: EpochMs;
  readonly files: ObjectFiles;
  readonly onSkipped: ((path: string, why: string) => void) | undefined;
}

/** Chunks are gathered to at least this size before they are written. */
const WRITE_BYTES = 256 * 1024;

/**
 * Up to this size a chunk is written in one synchronous step, into the kernel's memory: a thread's turn costs more.
 * Only waiting for the disk is left to a thread.
 */
const SYNC_BYTES = 64 * 1024;

/** Writes all of it, from where the file ends. */
const appendTo = promisify<number, Uint8Array>(writeFile);

/** Of an unfinished file: whoever writes one would have written to it since. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1_000;

/** The files of a bucket that are not (or not any more) objects: bodies on their way in, objects on their way out. */
export class UnfinishedFiles {
  readonly #folder: string;

  constructor(bucketPath: string) {
    this.#folder = join(bucketPath, HIDDEN_FOLDER, 'unfinished');
  }

  /** Writes the body to the disk, hashing it on the way. Leaves nothing behind when the body fails. */
  async spool(body: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<SpooledFile> {
    await makeFolder(this.#folder);
    const path = join(this.#folder, `write-${randomUUID()}`);
    const descriptor = openSync(path, 'wx');
    const hash = newEtagHash();
    try {
      try {
        for await (const chunk of chunksOf(body)) {
          hash.update(chunk);
          if (chunk.length <= SYNC_BYTES) writeFileSync(descriptor, chunk);
          else await appendTo(descriptor, chunk);
        }
        // A time of our own, finer than the kernel's steps: an overwrite in place within the same step, of the same
        // size, would otherwise look unchanged to the cache.
        const seconds = Date.now() / 1_000 + Number(process.hrtime.bigint() % 1_000_000n) / 1e9;
        futimesSync(descriptor, seconds, seconds);
        await syncDescriptor(descriptor);
        return { path, etag: etagOf(hash), stamp: fstatSync(descriptor, { bigint: true }) };
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /**
   * Takes the file at `path` away if its content has the ETag.
   *
   * Between a look and a deletion somebody may put another file in that place. So the file is moved aside first,
   * looked at where nobody else can replace it, and put back if it is not the one that was meant.
   */
  async remove(
    path: string,
    expected: { etag: string; stamp: FileStamp },
    files: ObjectFiles,
  ): Promise<'done' | 'changed' | 'gone'> {
    await makeFolder(this.#folder);
    const aside = join(this.#folder, `remove-${expected.etag}-${randomUUID()}`);
    try {
      await rename(path, aside);
    } catch (error) {
      if (isAbsent(error)) return 'gone';
      throw error;
    }
    const isMeant = await hasContent(aside, expected, files);
    if (!isMeant) await putBack(aside, path);
    await rm(aside, { force: true });
    files.cache.delete(path);
    return isMeant ? 'done' : 'changed';
  }

  /**
   * Removes what a process that died left behind. A file that was moved aside and is not what its name says was
   * put there by somebody else just then: it is kept, and reported.
   */
  async sweep({ now, files, onSkipped }: SweepOptions): Promise<void> {
    for (const name of namesIn(this.#folder)) {
      const path = join(this.#folder, name);
      const stat = lstat(path);
      if (!stat || now - Number(stat.ctimeMs) < ABANDONED_AFTER_MS) continue;
      const [, etag] = /^remove-([0-9a-f]+)-/u.exec(name) ?? [];
      const look = etag === undefined ? undefined : await files.look(path, 0);
      const isKept = look?.kind === 'object' && look.etag !== etag;
      if (isKept)
        onSkipped?.(path, 'a process died while it put this file back: move it to where it belongs');
      else rmSync(path, { force: true });
    }
  }
}

/** By its stamp, which a rename keeps; by its bytes where that is another. */
async function hasContent(
  path: string,
  expected: { etag: string; stamp: FileStamp },
  files: ObjectFiles,
): Promise<boolean> {
  const stat = lstat(path);
  if (stat && isSameStamp(stat, expected.stamp)) return true;
  const look = await files.look(path, 0);
  return look.kind === 'object' && look.etag === expected.etag;
}

/** Only where nothing is: a file that came in the meantime is newer. */
async function putBack(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function* chunksOf(body: Uint8Array | string | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (typeof body === 'string') {
    yield Buffer.from(body, 'utf8');
    return;
  }
  if (body instanceof Uint8Array) {
    yield body;
    return;
  }
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    // Copied: the giver may fill the same buffer again before it is written.
    gathered.push(Uint8Array.from(chunk));
    bytes += chunk.length;
    if (bytes < WRITE_BYTES) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(gathered);
}
