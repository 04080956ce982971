import { type FileHandle, open } from 'node:fs/promises';
import { LoadError, type ObjectRef, urlOf } from '@millrace/core';
import { type FileStamp, isSameStamp, OPEN_FOR_READING } from './content-hash.ts';
import { isAbsent } from './file-errors.ts';
import { lstat, type ObjectFiles } from './object-files.ts';

export interface OpenObjectOptions {
  readonly at: ObjectRef;
  readonly files: ObjectFiles;
  readonly ifMatch?: string;
}

/** Bytes a chunk has at most. */
const CHUNK_BYTES = 256 * 1024;

/** How often a file that is replaced between the look and the open is looked at again. */
const MAX_LOOKS = 5;

/**
 * Opens an object's file and returns its bytes: those of one version. The file is closed when they were read, when
 * reading failed, or when the caller stopped (`return()`, as `for await` does); so what is opened must be read.
 *
 * @throws LoadError `object-gone`; `object-changed` when `ifMatch` is given and the content has another ETag, and,
 * while reading, when somebody writes to the file in place.
 */
export async function openObject(
  path: string,
  options: OpenObjectOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const { at, files, ifMatch } = options;
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const handle = await openUnlessGone(path);
    if (!handle) throw new LoadError('object-gone', `there is no object ${urlOf(at)}`, { class: 'gone' });
    let isHandedOver = false;
    try {
      const stamp = await handle.stat({ bigint: true });
      if (ifMatch !== undefined) {
        const seen = await files.look(path, 0);
        // The ETag belongs to what is open only if that is still what the path names.
        if (seen.kind !== 'object' || !isSameStamp(seen.stat, stamp)) continue;
        if (seen.etag !== ifMatch) throw changed(at, `has the ETag ${seen.etag}, not ${ifMatch}`);
      }
      isHandedOver = true;
      return { [Symbol.asyncIterator]: () => new ObjectReader(handle, stamp, at) };
    } finally {
      if (!isHandedOver) await handle.close();
    }
  }
  throw changed(at, 'is replaced again and again while it is opened');
}

/** Not a generator: one that was never started does not run its `finally`, and would leave the file open. */
class ObjectReader implements AsyncIterator<Uint8Array> {
  readonly #handle: FileHandle;
  readonly #stamp: FileStamp;
  readonly #at: ObjectRef;
  #position = 0;

  constructor(handle: FileHandle, stamp: FileStamp, at: ObjectRef) {
    this.#handle = handle;
    this.#stamp = stamp;
    this.#at = at;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const left = Number(this.#stamp.size) - this.#position;
    try {
      if (left > 0) {
        const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left));
        const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#position);
        if (bytesRead === 0) throw changed(this.#at, 'became shorter while it was read');
        this.#position += bytesRead;
        return { done: false, value: buffer.subarray(0, bytesRead) };
      }
      // A file that was renamed away has the same stamp; one that was written to in place has not.
      if (!isSameStamp(await this.#handle.stat({ bigint: true }), this.#stamp)) {
        throw changed(this.#at, 'was written to while it was read');
      }
    } catch (error) {
      await this.#handle.close();
      throw error;
    }
    return this.return();
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#handle.close();
    return { done: true, value: undefined };
  }
}

function changed(at: ObjectRef, what: string): LoadError {
  return new LoadError('object-changed', `${urlOf(at)} ${what}`, {
    class: 'gone',
    hint: 'list it again: its new version is another file',
  });
}

async function openUnlessGone(path: string): Promise<FileHandle | undefined> {
  const stat = lstat(path);
  if (!stat?.isFile()) return undefined;
  try {
    return await open(path, OPEN_FOR_READING);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
