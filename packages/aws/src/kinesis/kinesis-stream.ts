import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { PutResult, ReadOptions, Stream, StreamEntry, StreamPage, StreamShard } from '@millrace/core';
import { KinesisReader } from './kinesis-reader.ts';
import { KinesisWriter, type KinesisWriterOptions } from './kinesis-writer.ts';

/** A Kinesis stream, both of its ends: for a process that produces and consumes. */
export class KinesisStream implements Stream {
  readonly #writer: KinesisWriter;
  readonly #reader: KinesisReader;

  constructor(client: KinesisClient, options: KinesisWriterOptions) {
    this.#writer = new KinesisWriter(client, options);
    this.#reader = new KinesisReader(client, options);
  }

  put(entries: readonly StreamEntry[]): Promise<readonly PutResult[]> {
    return this.#writer.put(entries);
  }

  shards(): Promise<readonly StreamShard[]> {
    return this.#reader.shards();
  }

  read(shard: string, options: ReadOptions): Promise<StreamPage> {
    return this.#reader.read(shard, options);
  }

  /** Sends what waits; entries that come later fail as `stream-busy`. */
  close(): Promise<void> {
    return this.#writer.close();
  }
}
