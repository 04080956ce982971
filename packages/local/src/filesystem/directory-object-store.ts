import { linkSync, mkdirSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import {
  type ConditionalOutcome,
  type EpochMs,
  LoadError,
  type ObjectInfo,
  type ObjectRef,
  type ObjectStore,
  urlOf,
} from '@millrace/core';
import { syncToDisk } from '../sqlite/sync-to-disk.ts';
import { EtagCache } from './etag-cache.ts';
import { hasCode, toStoreError } from './file-errors.ts';
import { isPlainFolder, makeFolder } from './folders.ts';
import { pathOf, requirePath } from './key-path.ts';
import { type Look, ObjectFiles } from './object-files.ts';
import { ObjectTags } from './object-tags.ts';
import { openObject } from './open-object.ts';
import { type SpooledFile, UnfinishedFiles } from './unfinished-files.ts';
import { walkKeys } from './walk-keys.ts';

export interface DirectoryObjectStoreOptions {
  /**
   * For how long nothing may have written to a file before a listing takes it, in ms. Files that this process wrote
   * are taken at once.
   *
   * @default 1000
   */
  readonly settleMs?: number;
  /**
   * A SQLite file that keeps the ETags of unchanged files over restarts. Not inside of a bucket.
   *
   * @default - in memory: the first listing after a start reads every file
   */
  readonly cachePath?: string;
  /** Told of what lies in the directory and is no object: symbolic links, sockets, names that cannot be keys. */
  readonly onSkipped?: (path: string, why: string) => void;
}

export const DEFAULT_SETTLE_MS = 1_000;

/** Files that a listing looks at before others have their turn. */
const LIST_CHUNK = 128;

/**
 * A directory that plays S3: `s3://bucket/key` is the file `<root>/bucket/key`.
 *
 * - Keys are paths as they are; `problemOfKey` says which keys a directory cannot have. They are refused on writing,
 *   and simply not there on reading. Nothing outside of the root is ever read or written: symbolic links inside of it
 *   are not followed.
 * - The ETag is a hash of the content: a file that is rewritten with the same bytes is the same object.
 * - A write is a hidden file that is synced, renamed into place, and its folder synced. The rename is the commit: a
 *   process that is killed before it leaves the old object, after it the new one, and a reader who opened the old file
 *   keeps the old file. `ifAbsent` links instead of renaming, which fails where something is.
 * - Other programs may put files in at any time; best by renaming them into place. One that writes in place is waited
 *   for: a listing takes files that were at rest when it began, and waits at most `settleMs` once to know. A program
 *   that pauses for longer than that in the middle of a file is taken at its word; what it appends makes a new version.
 * - Two objects that differ only in case or in Unicode's normal form are two on Linux, one on macOS.
 */
export class DirectoryObjectStore implements ObjectStore {
  /** The directory, links resolved. */
  readonly root: string;
  /** For a watcher of the same directory. */
  readonly files: ObjectFiles;
  readonly #settleMs: number;
  readonly #onSkipped: ((path: string, why: string) => void) | undefined;

  /** Makes the directory if needed. */
  constructor(root: string, options: DirectoryObjectStoreOptions = {}) {
    try {
      mkdirSync(root, { recursive: true });
      this.root = realpathSync.native(root);
    } catch (error) {
      throw toStoreError(error);
    }
    this.files = new ObjectFiles(new EtagCache(options.cachePath));
    this.#settleMs = options.settleMs ?? DEFAULT_SETTLE_MS;
    this.#onSkipped = options.onSkipped;
  }

  async head(at: ObjectRef): Promise<ObjectInfo | undefined> {
    return classified(async () => {
      const look = await this.#look(at);
      return look && infoOf(at, look);
    });
  }

  async *list(at: { bucket: string; prefix: string; startAfter?: string }): AsyncIterable<ObjectInfo> {
    const { bucket, prefix, startAfter } = at;
    if (!pathOf(this.root, { bucket, key: 'any' })) return;
    const bucketPath = join(this.root, bucket);

    // What was at rest when the listing began is taken; to know, it may have to wait until then.
    const settledBy = Date.now() + this.#settleMs;
    let looked = 0;
    try {
      for (const key of walkKeys(bucketPath, { prefix, startAfter, onSkipped: this.#onSkipped })) {
        const path = join(bucketPath, key);
        const look = await this.#lookUntil(path, settledBy);
        if (look.kind === 'object') yield infoOf({ bucket, key }, look);
        else if (look.kind === 'absent' && key.includes('\uFFFD'))
          this.#onSkipped?.(path, 'its name is not UTF-8');
        looked += 1;
        if (looked % LIST_CHUNK === 0) await setImmediate();
      }
    } catch (error) {
      throw toStoreError(error);
    } finally {
      this.files.cache.flush();
    }
  }

  async read(at: ObjectRef, options: { ifMatch?: string } = {}): Promise<AsyncIterable<Uint8Array>> {
    return classified(async () => {
      const look = await this.#look(at);
      if (!look) throw new LoadError('object-gone', `there is no object ${urlOf(at)}`, { class: 'gone' });
      return await openObject(this.localPath(at), { at, files: this.files, ...options });
    });
  }

  async write(
    at: ObjectRef,
    body: Uint8Array | string | AsyncIterable<Uint8Array>,
    options: { ifAbsent?: boolean } = {},
  ): Promise<ObjectInfo | undefined> {
    const path = requirePath(this.root, at);
    return classified(async () => {
      if (options.ifAbsent && (await this.#look(at))) return undefined;
      const spooled = await this.#unfinished(at.bucket).spool(body);
      const isPublished = await this.#publish(spooled, path, options.ifAbsent ?? false);
      return isPublished ? infoOf(at, { stat: spooled.stamp, etag: spooled.etag }) : undefined;
    });
  }

  async copy(from: ObjectRef, to: ObjectRef, { ifMatch }: { ifMatch: string }): Promise<ConditionalOutcome> {
    const path = requirePath(this.root, to);
    return classified(async () => {
      const look = await this.#look(from);
      if (!look) return 'gone';
      if (look.etag !== ifMatch) return 'changed';
      const spooled = await this.#spoolCopy(from, to.bucket);
      // Deleted, or overwritten in place, between the look and the last byte.
      if (spooled === 'gone' || spooled === 'changed') return spooled;
      // Believed is the hash of what was copied, not the look before.
      if (spooled.etag !== ifMatch) {
        await rm(spooled.path, { force: true });
        return 'changed';
      }
      await this.#publish(spooled, path, false);
      return 'done';
    });
  }

  async #spoolCopy(from: ObjectRef, bucket: string): Promise<SpooledFile | 'gone' | 'changed'> {
    try {
      return await this.#unfinished(bucket).spool(this.#bytesOf(from));
    } catch (error) {
      if (error instanceof LoadError && error.code === 'object-gone') return 'gone';
      if (error instanceof LoadError && error.code === 'object-changed') return 'changed';
      throw error;
    }
  }

  async delete(at: ObjectRef, { ifMatch }: { ifMatch: string }): Promise<ConditionalOutcome> {
    return classified(async () => {
      const look = await this.#look(at);
      if (!look) return 'gone';
      if (look.etag !== ifMatch) return 'changed';
      const expected = { etag: ifMatch, stamp: look.stat };
      const outcome = await this.#unfinished(at.bucket).remove(this.localPath(at), expected, this.files);
      if (outcome === 'done') await this.#tags(at.bucket).remove(at.key);
      return outcome;
    });
  }

  /** Tags are kept beside the object, bound to its ETag: they end with its bytes, whoever rewrites them. */
  async tag(
    at: ObjectRef,
    tags: Readonly<Record<string, string>>,
    { ifMatch }: { ifMatch: string },
  ): Promise<ConditionalOutcome> {
    return classified(async () => {
      const look = await this.#look(at);
      if (!look) return 'gone';
      if (look.etag !== ifMatch) return 'changed';
      const kept = this.#tags(at.bucket);
      await kept.put({ key: at.key, etag: ifMatch, tags: { ...(await kept.get(at.key, ifMatch)), ...tags } });
      return 'done';
    });
  }

  /** The tags of an object; none when it has none, was rewritten with other bytes since, or is not there. */
  async tagsOf(at: ObjectRef): Promise<Readonly<Record<string, string>>> {
    return classified(async () => {
      const look = await this.#look(at);
      return look ? await this.#tags(at.bucket).get(at.key, look.etag) : {};
    });
  }

  /** @throws LoadError `key-unsupported` or `bucket-unsupported`. */
  localPath(at: ObjectRef): string {
    return requirePath(this.root, at);
  }

  /** Removes what processes that died a day ago or more left unfinished. For the start of a long-running process. */
  async removeAbandoned({ now = Date.now() }: { now?: EpochMs } = {}): Promise<void> {
    await classified(async () => {
      for (const entry of readdirSync(this.root, { withFileTypes: true })) {
        if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
        await this.#unfinished(entry.name).sweep({ now, files: this.files, onSkipped: this.#onSkipped });
      }
    });
  }

  /** Persists the cache of ETags and closes it. The store is not to be used afterwards. */
  close(): void {
    this.files.cache.close();
  }

  /** The object as it is now, at rest or not: whoever names a key wants what is there. */
  async #look(at: ObjectRef): Promise<Extract<Look, { kind: 'object' }> | undefined> {
    const path = pathOf(this.root, at);
    if (path === undefined || !isPlainFolder(dirname(path))) return undefined;
    const look = await this.files.look(path, 0);
    if (look.kind === 'settling') {
      const message = `${urlOf(at)} is being written to faster than it can be read`;
      throw new LoadError('object-busy', message, {
        class: 'transient',
        hint: 'try again when its writer is done',
      });
    }
    return look.kind === 'object' ? look : undefined;
  }

  /** Opens the object when its bytes are asked for, so that nothing stays open when nobody asks. */
  async *#bytesOf(at: ObjectRef): AsyncIterable<Uint8Array> {
    yield* await openObject(this.localPath(at), { at, files: this.files });
  }

  /** A look that waits for a file to come to rest, though not for longer than `settledBy`. */
  async #lookUntil(path: string, settledBy: number): Promise<Look> {
    const look = await this.files.look(path, this.#settleMs);
    const now = Date.now();
    if (look.kind !== 'settling' || look.until > settledBy || now >= settledBy) return look;
    await setTimeout(Math.max(1, look.until - now + 1));
    return this.files.look(path, this.#settleMs);
  }

  /** Gives the spooled file its name. @returns false when `ifAbsent` and something is there already. */
  async #publish(spooled: SpooledFile, path: string, ifAbsent: boolean): Promise<boolean> {
    let isPublished = false;
    try {
      await makeFolder(dirname(path));
      // Name and cache in one step: a watcher that hears of the name at once must know the file for this process's own.
      if (ifAbsent) linkSync(spooled.path, path);
      else renameSync(spooled.path, path);
      isPublished = true;
      this.files.cache.put(path, spooled.stamp, { etag: spooled.etag, isOwn: true });
    } catch (error) {
      if (ifAbsent && hasCode(error, 'EEXIST')) return false;
      if (hasCode(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST')) {
        throw new LoadError('key-conflict', `${path} is a folder: it has the objects below it`, {
          hint: 'a directory cannot have both an object a and an object a/b: use other keys',
          cause: error,
        });
      }
      throw error;
    } finally {
      const isRenamed = isPublished && !ifAbsent;
      if (!isRenamed) await rm(spooled.path, { force: true });
    }
    await syncToDisk(dirname(path));
    return true;
  }

  #unfinished(bucket: string): UnfinishedFiles {
    return new UnfinishedFiles(join(this.root, bucket));
  }

  #tags(bucket: string): ObjectTags {
    return new ObjectTags(join(this.root, bucket));
  }
}

function infoOf(
  at: ObjectRef,
  { stat, etag }: { stat: { size: bigint; mtimeNs: bigint }; etag: string },
): ObjectInfo {
  const { bucket, key } = at;
  return { bucket, key, etag, size: Number(stat.size), lastModifiedAt: Number(stat.mtimeNs / 1_000_000n) };
}

async function classified<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw toStoreError(error);
  }
}
