import { type FileHandle, open } from 'node:fs/promises';
import {
  type EpochMs,
  LoadError,
  type ReadOptions,
  type StreamPage,
  type StreamRecord,
} from '@millrace/core';
import { isAbsent } from '../filesystem/file-errors.ts';
import { syncToDisk } from '../sqlite/sync-to-disk.ts';
import { readFrame } from './record-frame.ts';
import {
  formatPlace,
  HEADER_BYTES,
  listSegments,
  type Place,
  readHeader,
  readPlace,
  segmentPath,
} from './segment-file.ts';
import { damaged } from './stream-errors.ts';

/** Bytes that one page has about, and records that it has at most. */
const PAGE_BYTES = 2 * 1024 * 1024;
const PAGE_RECORDS = 20_000;

export interface ShardReaderOptions {
  readonly now: () => EpochMs;
  /**
   * Up to where records are durable, where the writer is this process; undefined: what is whole is put on the disk by the
   * reader before it is given.
   */
  readonly durable: (() => Place) | undefined;
  /** Whether nothing is appended any more. */
  readonly isClosed: () => boolean;
  /** Puts a file on the disk. */
  readonly sync?: (file: FileHandle) => Promise<void>;
}

/** The next records of a shard, by place. Any number of processes may read one. */
export class ShardReader {
  readonly #folder: string;
  readonly #options: ShardReaderOptions;
  /** The segment that was read last stays open: the next page is most likely in it. */
  #open: { readonly segment: number; readonly file: FileHandle } | undefined;
  /** Up to where this reader has seen to it that records are on the disk. */
  #synced: Place = { segment: 0, end: 0 };

  constructor(folder: string, options: ShardReaderOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async read({ after, maxRecords = PAGE_RECORDS }: ReadOptions): Promise<StreamPage> {
    let place = after === null ? { segment: 0, end: 0 } : readPlace(after);
    if (place === undefined) {
      throw new LoadError('position-invalid', `'${after}' is not a position of this stream`, {
        hint: 'was the stream another one before? Then consume this one from its beginning',
      });
    }
    let isGap = false;
    for (;;) {
      const { records, end } = await this.#readSegment(place, maxRecords);
      if (records.length > 0) return this.#page(records, { end, isGap });
      const next = await this.#nextSegment(place);
      if (next === undefined) return this.#empty(isGap);
      isGap ||= after !== null && next.isGap;
      place = { segment: next.segment, end: HEADER_BYTES };
    }
  }

  async close(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
  }

  #page(records: readonly StreamRecord[], { end, isGap }: { end: Place; isGap: boolean }): StreamPage {
    const { now, durable } = this.#options;
    const newest = durable?.();
    const isLatest = newest !== undefined && newest.segment === end.segment && newest.end === end.end;
    const last = records.at(-1);
    const behind = isLatest || last === undefined ? 0 : Math.max(1, now() - last.arrivedAt);
    return { records, millisBehindLatest: behind, isEnd: false, isGap };
  }

  #empty(isGap: boolean): StreamPage {
    return { records: [], millisBehindLatest: 0, isEnd: this.#options.isClosed(), isGap };
  }

  async #readSegment(
    place: Place,
    maxRecords: number,
  ): Promise<{ records: readonly StreamRecord[]; end: Place }> {
    const nothing = { records: [], end: place };
    const { segment } = place;
    const limit = this.#limitOf(segment);
    if (segment === 0 || place.end >= limit) return nothing;
    const file = await this.#file(segment);
    if (file === undefined) return nothing;
    let buffer = Buffer.allocUnsafe(Math.min(PAGE_BYTES, limit - place.end));
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, place.end);
      const found = readRecords(buffer.subarray(0, bytesRead), { place, maxRecords });
      if (found.records.length > 0) {
        await this.#makeDurable(file, found.end);
        return { records: found.records, end: found.end };
      }
      if (found.next.kind === 'damaged' || bytesRead < buffer.length || found.next.bytes <= buffer.length) {
        await this.#refuseDamage(place, bytesRead);
        return nothing;
      }
      // One record that is larger than a page.
      buffer = Buffer.allocUnsafe(found.next.bytes);
    }
  }

  /**
   * The writer of another process may be about to put these records on the disk, or dead: a record that was consumed, and
   * that a power cut then takes away, would be in a table and not in the stream.
   */
  async #makeDurable(file: FileHandle, { segment, end }: Place): Promise<void> {
    if (this.#options.durable !== undefined) return;
    if (segment < this.#synced.segment || (segment === this.#synced.segment && end <= this.#synced.end))
      return;
    const { sync = syncFile } = this.#options;
    await sync(file);
    // Its name is in the folder for good, too.
    if (segment !== this.#synced.segment) await syncToDisk(this.#folder);
    this.#synced = { segment, end };
  }

  /** What is not whole at the very end is being written, or was given up; anywhere else it was whole once. */
  async #refuseDamage({ segment, end }: Place, bytesRead: number): Promise<void> {
    if (bytesRead === 0) return;
    const next = (await listSegments(this.#folder)).find((one) => one > segment);
    const isBeingWritten = this.#options.durable === undefined && next === undefined;
    const wasGivenUp = next !== undefined && (await this.#previousEndOf(next)) <= end;
    if (!isBeingWritten && !wasGivenUp) throw damaged(segmentPath(this.#folder, segment), end);
  }

  async #previousEndOf(segment: number): Promise<number> {
    const file = await open(segmentPath(this.#folder, segment), 'r');
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      await file.read(header, 0, HEADER_BYTES, 0);
      return readHeader(header)?.previousEnd ?? 0;
    } finally {
      await file.close();
    }
  }

  #limitOf(segment: number): number {
    const durable = this.#options.durable?.();
    if (durable === undefined || segment < durable.segment) return Number.MAX_SAFE_INTEGER;
    return segment === durable.segment ? durable.end : 0;
  }

  /** The segment behind a place; undefined: there is none yet. */
  async #nextSegment(place: Place): Promise<{ segment: number; isGap: boolean } | undefined> {
    const segments = await listSegments(this.#folder);
    const segment = segments.find((one) => one > place.segment);
    if (segment === undefined || this.#limitOf(segment) === 0) return undefined;
    const file = await this.#file(segment);
    if (file === undefined) return this.#nextSegment({ segment, end: 0 });
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    const read = readHeader(header);
    // Just begun by another process.
    if (read === undefined) return undefined;
    const isNext = segment === place.segment + 1;
    const wasRead = segments.includes(place.segment) || read.previousEnd <= place.end;
    return { segment, isGap: !isNext || !wasRead };
  }

  async #file(segment: number): Promise<FileHandle | undefined> {
    if (this.#open?.segment === segment) return this.#open.file;
    try {
      const file = await open(segmentPath(this.#folder, segment), 'r');
      await this.close();
      this.#open = { segment, file };
      return file;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
}

async function syncFile(file: FileHandle): Promise<void> {
  await file.datasync();
}

function readRecords(bytes: Buffer, { place, maxRecords }: { place: Place; maxRecords: number }) {
  const { segment } = place;
  const records: StreamRecord[] = [];
  let at = 0;
  let next = readFrame(bytes, at);
  while (next.kind === 'record' && records.length < maxRecords) {
    at += next.bytes;
    records.push({ ...next.record, position: formatPlace({ segment, end: place.end + at }) });
    next = readFrame(bytes, at);
  }
  return { records, end: { segment, end: place.end + at }, next };
}
