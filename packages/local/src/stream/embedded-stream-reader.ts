import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type EpochMs,
  LoadError,
  type ReadOptions,
  type StreamPage,
  type StreamReader,
  type StreamShard,
} from '@millrace/core';
import { listSegments, type Place } from './segment-file.ts';
import { ShardReader } from './shard-reader.ts';
import { toStreamError } from './stream-errors.ts';
import { listShards, readLayout, type StreamLayout } from './stream-layout.ts';

export interface EmbeddedStreamReaderOptions {
  readonly now?: () => EpochMs;
  /** Up to where a shard is durable, when this process writes the stream. */
  readonly durable?: (shard: string) => Place;
  /**
   * Puts a file on the disk.
   *
   * @default fdatasync
   */
  readonly sync?: (file: FileHandle) => Promise<void>;
}

/**
 * Reads a stream in a folder, of whatever process writes it.
 *
 * Gives only what is durable: what another process has written and perhaps not put on the disk yet, the reader puts there
 * itself before it gives it.
 */
export class EmbeddedStreamReader implements StreamReader {
  readonly #path: string;
  readonly #options: EmbeddedStreamReaderOptions;
  readonly #readers = new Map<string, ShardReader>();
  #layout: StreamLayout | undefined;

  constructor(path: string, options: EmbeddedStreamReaderOptions = {}) {
    this.#path = path;
    this.#options = options;
  }

  /** Empty while nobody has begun the stream. */
  async shards(): Promise<readonly StreamShard[]> {
    return this.#classified(async () => {
      this.#layout = await readLayout(this.#path);
      if (this.#layout === undefined) return [];
      const kept: StreamShard[] = [];
      for (const { id, parents, isClosed } of listShards(this.#layout)) {
        if (isClosed && (await listSegments(join(this.#path, id))).length === 0) continue;
        kept.push({ id, parents });
      }
      return kept;
    });
  }

  async read(shard: string, options: ReadOptions): Promise<StreamPage> {
    return this.#classified(async () => (await this.#reader(shard)).read(options));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
    this.#readers.clear();
  }

  async #reader(shard: string): Promise<ShardReader> {
    const known = this.#readers.get(shard);
    if (known !== undefined) return known;
    if (!this.#find(shard)) this.#layout = await readLayout(this.#path);
    if (!this.#find(shard)) {
      throw new LoadError('shard-missing', `the stream in ${this.#path} has no shard '${shard}'`, {
        hint: 'ask for its shards',
      });
    }
    const { now = Date.now, durable, sync } = this.#options;
    const reader = new ShardReader(join(this.#path, shard), {
      now,
      durable: durable === undefined ? undefined : () => durable(shard),
      isClosed: () => this.#find(shard)?.isClosed === true,
      ...(sync === undefined ? {} : { sync }),
    });
    this.#readers.set(shard, reader);
    return reader;
  }

  #find(shard: string) {
    return this.#layout && listShards(this.#layout).find(({ id }) => id === shard);
  }

  async #classified<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      throw toStreamError(error);
    }
  }
}
