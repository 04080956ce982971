import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import {
  type EpochMs,
  LoadError,
  type PutResult,
  type ReadOptions,
  type Stream,
  type StreamEntry,
  type StreamPage,
  type StreamShard,
} from '@millrace/core';
import { makeFolder } from '../filesystem/folders.ts';
import { StateLock } from '../sqlite/state-lock.ts';
import { EmbeddedStreamReader } from './embedded-stream-reader.ts';
import { encodeFrames, MAX_RECORD_BYTES, recordBytesOf, type Unframed } from './record-frame.ts';
import { ShardLog } from './shard-log.ts';
import { toStreamError } from './stream-errors.ts';
import { readLayout, shardsOf, writeLayout } from './stream-layout.ts';

export interface EmbeddedStreamOptions {
  /** How many shards new records are spread over. Another number than before begins new shards; the old ones are read to their end. */
  readonly shards: number;
  /** How long records are kept, at least. */
  readonly retentionMs: number;
  /**
   * From which size on a segment is closed.
   *
   * @default 64 MiB
   */
  readonly segmentBytes?: number;
  /**
   * Bytes that may wait for the disk; beyond that, entries are refused.
   *
   * @default 64 MiB
   */
  readonly maxPendingBytes?: number;
  readonly now?: () => EpochMs;
  /** What broke beside a put: old segments could not be removed, or the last one was found damaged and cut off. */
  readonly onError?: (error: unknown) => void;
}

/** What one put has for one shard. */
interface Waiting {
  readonly frames: Buffer;
  readonly done: (result: PutResult) => void;
}

/** What waits for the disk of one shard. */
interface ShardLine {
  waiting: Waiting[];
  writing: Promise<void> | undefined;
}

const MIB = 1024 * 1024;
/** The shares of the retention after which a segment is closed, and after which old ones are looked for. */
const SEGMENTS_PER_RETENTION = 24;
const MAX_SEGMENT_MS = 60 * 60 * 1_000;

/**
 * A stream in a folder of this machine: segments that are appended to, and put on the disk in groups: what comes while the
 * disk is busy is written together, with one wait for all.
 *
 * One process writes it. A record is in it when its CRC says so, so a crash in the middle of a write leaves nothing that
 * looks like a record.
 */
export class EmbeddedStream implements Stream {
  readonly #lock: StateLock;
  readonly #logs: ReadonlyMap<string, ShardLog>;
  readonly #reader: EmbeddedStreamReader;
  readonly #options: Required<EmbeddedStreamOptions>;
  readonly #open: readonly string[];
  readonly #lines: ReadonlyMap<string, ShardLine>;
  #waitingBytes = 0;
  #prunedAt: EpochMs;
  #isClosed = false;

  private constructor(
    path: string,
    parts: { lock: StateLock; logs: ReadonlyMap<string, ShardLog>; open: readonly string[] },
    options: Required<EmbeddedStreamOptions>,
  ) {
    this.#lock = parts.lock;
    this.#logs = parts.logs;
    this.#open = parts.open;
    this.#lines = new Map(parts.open.map((shard) => [shard, { waiting: [], writing: undefined }]));
    this.#options = options;
    this.#prunedAt = options.now();
    this.#reader = new EmbeddedStreamReader(path, {
      now: options.now,
      durable: (shard) => this.#logs.get(shard)?.durable ?? { segment: 0, end: 0 },
    });
  }

  /**
   * Opens the stream for writing and reading, or begins one.
   *
   * @throws LoadError `state-in-use` when another process writes it, `stream-foreign`, `stream-full`, `stream-denied`
   */
  static async open(path: string, given: EmbeddedStreamOptions): Promise<EmbeddedStream> {
    const options = {
      segmentBytes: 64 * MIB,
      maxPendingBytes: 64 * MIB,
      now: Date.now,
      onError: () => {},
      ...given,
    };
    const segmentMs = Math.min(MAX_SEGMENT_MS, Math.ceil(options.retentionMs / SEGMENTS_PER_RETENTION));
    try {
      await makeFolder(path);
      const lock = StateLock.acquire(path, { what: 'a producer' });
      try {
        const generations = [...((await readLayout(path))?.generations ?? [])];
        if (generations.at(-1) !== options.shards) generations.push(options.shards);
        const logs = new Map<string, ShardLog>();
        const ids = generations.map((count, index) => shardsOf(index + 1, count));
        const { segmentBytes, now, onError: onDamage } = options;
        // Old shards too: a dead process may have left half a record in them.
        for (const id of ids.flat()) {
          logs.set(id, await ShardLog.open(join(path, id), { segmentBytes, segmentMs, now, onDamage }));
        }
        await writeLayout(path, { generations });
        const stream = new EmbeddedStream(path, { lock, logs, open: ids.at(-1) ?? [] }, options);
        await stream.#prune();
        return stream;
      } catch (error) {
        lock.release();
        throw error;
      }
    } catch (error) {
      throw toStreamError(error);
    }
  }

  async put(entries: readonly StreamEntry[]): Promise<readonly PutResult[]> {
    const results: PutResult[] = [];
    const byShard = new Map<string, { records: Unframed[]; places: number[] }>();
    let bytes = 0;
    for (const [place, entry] of entries.entries()) {
      const record = { entry, keyBytes: Buffer.byteLength(entry.partitionKey) };
      const refusal = this.#refusalOf(record, bytes);
      if (refusal !== undefined) {
        results[place] = { kind: 'failed', error: refusal };
        continue;
      }
      bytes += recordBytesOf(record);
      const shard = this.#shardOf(entry);
      const own = byShard.get(shard);
      if (own === undefined) byShard.set(shard, { records: [record], places: [place] });
      else {
        own.records.push(record);
        own.places.push(place);
      }
    }
    const arrivedAt = this.#options.now();
    const stored = Array.from(byShard, async ([shard, { records, places }]) => {
      const result = await this.#queue(shard, encodeFrames(records, arrivedAt));
      for (const place of places) results[place] = result;
    });
    await Promise.all(stored);
    return results;
  }

  #queue(shard: string, frames: Buffer): Promise<PutResult> {
    const line = this.#lines.get(shard) as ShardLine;
    this.#waitingBytes += frames.length;
    const stored = new Promise<PutResult>((done) => line.waiting.push({ frames, done }));
    line.writing ??= this.#write(shard, line);
    return stored;
  }

  shards(): Promise<readonly StreamShard[]> {
    return this.#reader.shards();
  }

  read(shard: string, options: ReadOptions): Promise<StreamPage> {
    return this.#reader.read(shard, options);
  }

  /** Takes nothing new, writes what waits, closes the files. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#lines.values()].map(({ writing }) => writing));
    await this.#reader.close();
    for (const log of this.#logs.values()) await log.close();
    this.#lock.release();
  }

  /** @param ahead bytes of the same put that are let in already */
  #refusalOf(record: Unframed, ahead: number): LoadError | undefined {
    if (this.#isClosed) {
      return new LoadError('stream-busy', 'the stream is being closed', {
        class: 'unavailable',
        hint: 'send it again to the process that comes next',
      });
    }
    const bytes = recordBytesOf(record);
    if (bytes > MAX_RECORD_BYTES) {
      const message = `the record has ${bytes} bytes; a stream takes ${MAX_RECORD_BYTES}`;
      return new LoadError('record-too-large', message, { hint: 'send less in one event' });
    }
    if (this.#waitingBytes + ahead + bytes <= this.#options.maxPendingBytes) return undefined;
    const message = `${this.#waitingBytes + ahead} bytes wait for the disk already`;
    return new LoadError('stream-busy', message, { class: 'unavailable', hint: 'send it again later' });
  }

  #shardOf({ partitionKey, explicitHashKey }: StreamEntry): string {
    const count = this.#open.length;
    const index =
      explicitHashKey === undefined
        ? crc32(partitionKey) % count
        : Number((BigInt(explicitHashKey) * BigInt(count)) >> 128n);
    return this.#open[Math.min(index, count - 1)] as string;
  }

  /** Each shard has a line of its own: none waits for the disk of another one. */
  async #write(shard: string, line: ShardLine): Promise<void> {
    // Requests of the same turn of the event loop go to the disk together.
    await setImmediate();
    while (line.waiting.length > 0) {
      const group = line.waiting;
      line.waiting = [];
      await this.#append(shard, group);
      await this.#pruneSometimes();
    }
    line.writing = undefined;
  }

  async #append(shard: string, group: readonly Waiting[]): Promise<void> {
    let result: PutResult = { kind: 'stored', shard };
    try {
      await this.#logs.get(shard)?.append(group.map(({ frames }) => frames));
    } catch (cause) {
      result = { kind: 'failed', error: asLoadError(toStreamError(cause)) };
    }
    for (const { frames, done } of group) {
      this.#waitingBytes -= frames.length;
      done(result);
    }
  }

  async #pruneSometimes(): Promise<void> {
    const { now, retentionMs, onError } = this.#options;
    if (now() - this.#prunedAt < Math.min(MAX_SEGMENT_MS, retentionMs / SEGMENTS_PER_RETENTION)) return;
    this.#prunedAt = now();
    await this.#prune().catch(onError);
  }

  async #prune(): Promise<void> {
    const before = this.#options.now() - this.#options.retentionMs;
    for (const log of this.#logs.values()) await log.prune(before);
  }
}

function asLoadError(cause: unknown): LoadError {
  if (cause instanceof LoadError) return cause;
  return new LoadError('stream-failed', String(cause), { class: 'transient', cause });
}
