import { type FileHandle, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { EpochMs, LoadError } from '@millrace/core';
import { makeFolder } from '../filesystem/folders.ts';
import { syncToDisk } from '../sqlite/sync-to-disk.ts';
import { readFrame } from './record-frame.ts';
import {
  encodeHeader,
  HEADER_BYTES,
  listSegments,
  type Place,
  readHeader,
  segmentPath,
} from './segment-file.ts';
import { cutOff } from './stream-errors.ts';

export interface ShardLogOptions {
  /** From this size on a segment is closed and another begun. */
  readonly segmentBytes: number;
  /** From this age on too: only closed segments can be removed. */
  readonly segmentMs: number;
  readonly now: () => EpochMs;
  /** Told of bytes that cannot be read, and may have been records: they are kept in the file that is named. */
  readonly onDamage: (error: LoadError) => void;
}

/** Bytes that are looked through at once when a segment is recovered. */
const SCAN_BYTES = 4 * 1024 * 1024;

/**
 * The end of a shard that is written to. One process at a time.
 *
 * What a resolved `append` has written is on the disk. After a failure, and after every start, it goes on in a new segment:
 * a reader of another process may have seen records that were written and never made durable, and a place must not mean two
 * records.
 */
export class ShardLog {
  readonly #folder: string;
  readonly #options: ShardLogOptions;
  /** Of the last segment: all that is durable. Segment 0: there is none yet. */
  #durable: Place;
  #open: { readonly file: FileHandle; readonly since: EpochMs } | undefined;

  private constructor(folder: string, options: ShardLogOptions, durable: Place) {
    this.#folder = folder;
    this.#options = options;
    this.#durable = durable;
  }

  /** Recovers what a dead process left: a record that it did not finish is cut off. */
  static async open(folder: string, options: ShardLogOptions): Promise<ShardLog> {
    await makeFolder(folder);
    for (;;) {
      const last = (await listSegments(folder)).at(-1);
      if (last === undefined) return new ShardLog(folder, options, { segment: 0, end: 0 });
      const path = segmentPath(folder, last);
      const end = await recover(path, options.onDamage);
      if (end !== undefined) return new ShardLog(folder, options, { segment: last, end });
      const wasBegun = await removeHeadless(path, options.onDamage);
      // Its number is not given again: somebody may have read up to a place in it.
      if (wasBegun) return new ShardLog(folder, options, { segment: last, end: 0 });
    }
  }

  /** Up to where readers of this process may read. */
  get durable(): Place {
    return this.#durable;
  }

  /** Appends frames and waits for the disk. @throws what the file system threw: none of them is durable then, for all that is known */
  async append(frames: readonly Buffer[]): Promise<void> {
    const file = await this.#writable();
    const { segment, end } = this.#durable;
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    try {
      await writeAll(file, frames, end);
      await file.datasync();
    } catch (error) {
      await this.#giveUp(file, end);
      throw error;
    }
    this.#durable = { segment, end: end + bytes };
  }

  /** Removes closed segments that were last written to before an instant. */
  async prune(before: EpochMs): Promise<void> {
    for (const segment of (await listSegments(this.#folder)).slice(0, -1)) {
      const path = segmentPath(this.#folder, segment);
      if ((await stat(path)).mtimeMs >= before) return;
      await rm(path, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
  }

  async #writable(): Promise<FileHandle> {
    const { segmentBytes, segmentMs, now } = this.#options;
    if (this.#open !== undefined) {
      const { file, since } = this.#open;
      if (this.#durable.end < segmentBytes && now() - since < segmentMs) return file;
      await this.close();
    }
    const { segment, end } = this.#durable;
    const path = segmentPath(this.#folder, segment + 1);
    const file = await open(path, 'wx');
    try {
      await writeAll(file, [encodeHeader(end)], 0);
      await file.sync();
      await syncToDisk(this.#folder);
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    this.#durable = { segment: segment + 1, end: HEADER_BYTES };
    this.#open = { file, since: now() };
    return file;
  }

  /** Takes back what may have been written. When that fails too, the next start does it, or the checksums tell. */
  async #giveUp(file: FileHandle, end: number): Promise<void> {
    this.#open = undefined;
    try {
      await file.truncate(end);
      await file.datasync();
    } catch {
      // The error that led here is the one to tell.
    } finally {
      await file.close();
    }
  }
}

async function writeAll(file: FileHandle, parts: readonly Buffer[], from: number): Promise<void> {
  const [first] = parts;
  const bytes = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, from + written);
    written += bytesWritten;
  }
}

/**
 * A segment without a header: of a process that died before it had begun it, unless there is more than a header would be; that is
 * kept aside.
 *
 * @returns whether there was more
 */
async function removeHeadless(path: string, onDamage: (error: LoadError) => void): Promise<boolean> {
  const { size } = await stat(path);
  if (size <= HEADER_BYTES) {
    await rm(path);
    return false;
  }
  const kept = `${path}.cut-0`;
  await rename(path, kept);
  onDamage(cutOff(path, { at: 0, bytes: size, kept }));
  return true;
}

/**
 * Cuts off what follows the last whole record. A process that dies leaves half a record at most; whole ones behind what cannot be
 * read are the work of a power cut, and then nobody was told that they are kept, or of a disk that lost what it had. So they are
 * kept aside.
 *
 * @returns the bytes that are left; undefined when not even the header is there
 */
async function recover(path: string, onDamage: (error: LoadError) => void): Promise<number | undefined> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    if (readHeader(header) === undefined) return undefined;
    const end = await findEnd(file, size);
    if (end < size) {
      const rest = Buffer.alloc(size - end);
      await file.read(rest, 0, rest.length, end);
      if (holdsRecord(rest)) {
        const kept = `${path}.cut-${end}`;
        await writeFile(kept, rest, { flush: true });
        onDamage(cutOff(path, { at: end, bytes: rest.length, kept }));
      }
      await file.truncate(end);
      await file.sync();
    }
    return end;
  } finally {
    await file.close();
  }
}

/** Whether a whole record begins anywhere behind the first byte. */
function holdsRecord(bytes: Buffer): boolean {
  for (let at = 1; at < bytes.length; at += 1) {
    if (readFrame(bytes, at).kind === 'record') return true;
  }
  return false;
}

async function findEnd(file: FileHandle, size: number): Promise<number> {
  let end = HEADER_BYTES;
  let buffer = Buffer.alloc(Math.min(SCAN_BYTES, size));
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, end);
    const bytes = buffer.subarray(0, bytesRead);
    let at = 0;
    let frame = readFrame(bytes, at);
    for (; frame.kind === 'record'; frame = readFrame(bytes, at)) at += frame.bytes;
    end += at;
    const isWhole = end + (frame.kind === 'short' ? frame.bytes : 0) <= size;
    if (frame.kind === 'damaged' || bytesRead === 0 || !isWhole) return end;
    if (at === 0) buffer = Buffer.alloc(Math.max(buffer.length * 2, frame.bytes));
  }
}
