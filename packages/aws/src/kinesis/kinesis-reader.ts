import {
  GetRecordsCommand,
  type GetRecordsOutput,
  GetShardIteratorCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import {
  type EpochMs,
  LoadError,
  type ReadOptions,
  type StreamPage,
  type StreamReader,
  type StreamRecord,
  type StreamShard,
} from '@millrace/core';
import { faultOf } from '../client/aws-fault.ts';
import { toShardError } from './kinesis-errors.ts';
import { readPosition } from './record-position.ts';
import { listShards } from './shard-map.ts';
import { userRecordsOf } from './user-records.ts';

/** The most records that GetRecords gives. */
const MAX_RECORDS = 10_000;
/** Kinesis forgets an iterator after five minutes. */
const ITERATOR_LIFE_MS = 240_000;
/**
 * Between what was removed by age and what is kept, and behind a closed shard's last record, pages can be empty. So many in a row are
 * passed in one call; five requests a second are what a shard allows.
 */
const MAX_EMPTY_PAGES = 5;

interface KnownIterator {
  readonly iterator: string;
  readonly after: string | null;
  readonly gotAt: EpochMs;
}

/**
 * The records of a Kinesis stream by shard iterators: for one process that consumes a stream whole. Functions on AWS are
 * handed theirs by Lambda, see `readKinesisEvent`.
 */
export class KinesisReader implements StreamReader {
  readonly #client: KinesisClient;
  readonly #streamName: string;
  readonly #now: () => EpochMs;
  /** Where each shard was left: going on from there costs one request in place of two. */
  readonly #iterators = new Map<string, KnownIterator>();

  constructor(client: KinesisClient, options: { readonly streamName: string; readonly now?: () => EpochMs }) {
    this.#client = client;
    this.#streamName = options.streamName;
    this.#now = options.now ?? Date.now;
  }

  /** @throws LoadError `stream-missing` … */
  async shards(): Promise<readonly StreamShard[]> {
    const shards = await listShards(this.#client, this.#streamName);
    return shards.map(({ ShardId = '', ParentShardId, AdjacentParentShardId }) => ({
      id: ShardId,
      parents: [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined),
    }));
  }

  /**
   * `isGap` is always false: sequence numbers have gaps of their own, so Kinesis does not tell whether records between two of
   * them were removed. An alarm on the age of what is read comes long before retention ends.
   *
   * @throws LoadError `shard-missing`, `aws-throttled` …
   */
  async read(shard: string, options: ReadOptions): Promise<StreamPage> {
    const { after } = options;
    const from = after === null ? undefined : readPosition(after);
    if (after !== null && from === undefined) {
      throw new LoadError('position', `'${after}' is no position of stream '${this.#streamName}'`, {
        hint: 'positions come from the records of this stream; those of another kind of stream mean nothing here',
      });
    }
    let iterator = await this.#iteratorFor(shard, after);
    for (let empty = 0; ; empty += 1) {
      const output = await this.#getRecords(shard, { iterator, options });
      const records = this.#recordsOf(output, after);
      const next = output.NextShardIterator ?? undefined;
      const isOver = records.length > 0 || next === undefined || empty >= MAX_EMPTY_PAGES;
      const behindMs = output.MillisBehindLatest ?? 0;
      if (isOver || behindMs === 0) {
        const last = records.at(-1)?.position ?? after;
        if (next === undefined) this.#iterators.delete(shard);
        else this.#iterators.set(shard, { iterator: next, after: last, gotAt: this.#now() });
        return { records, millisBehindLatest: behindMs, isEnd: next === undefined, isGap: false };
      }
      iterator = next;
    }
  }

  async #iteratorFor(shard: string, after: string | null): Promise<string> {
    const known = this.#iterators.get(shard);
    if (known?.after === after && this.#now() - known.gotAt < ITERATOR_LIFE_MS) return known.iterator;
    return this.#openIterator(shard, after);
  }

  async #openIterator(shard: string, after: string | null): Promise<string> {
    const from = after === null ? undefined : readPosition(after);
    try {
      const { ShardIterator } = await this.#client.send(
        new GetShardIteratorCommand({
          StreamName: this.#streamName,
          ShardId: shard,
          // The record itself once more: the position may be within an aggregate.
          ...(from === undefined
            ? { ShardIteratorType: 'TRIM_HORIZON' }
            : { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: from.sequenceNumber }),
        }),
      );
      return ShardIterator as string;
    } catch (cause) {
      throw toShardError(cause, { streamName: this.#streamName, shard });
    }
  }

  async #getRecords(
    shard: string,
    { iterator, options }: { readonly iterator: string; readonly options: ReadOptions },
  ): Promise<GetRecordsOutput> {
    const limit = Math.max(1, Math.min(options.maxRecords ?? MAX_RECORDS, MAX_RECORDS));
    const get = (from: string): Promise<GetRecordsOutput> =>
      this.#client.send(new GetRecordsCommand({ ShardIterator: from, Limit: limit }));
    try {
      return await get(iterator);
    } catch (cause) {
      if (faultOf(cause).name === 'ExpiredIteratorException') {
        return get(await this.#openIterator(shard, options.after));
      }
      throw toShardError(cause, { streamName: this.#streamName, shard });
    }
  }

  #recordsOf({ Records = [] }: GetRecordsOutput, after: string | null): readonly StreamRecord[] {
    const records = Records.flatMap((record) =>
      userRecordsOf({
        partitionKey: record.PartitionKey ?? '',
        sequenceNumber: record.SequenceNumber ?? '',
        data: record.Data ?? new Uint8Array(),
        arrivedAt: record.ApproximateArrivalTimestamp?.getTime() ?? this.#now(),
      }),
    );
    return after === null ? records : records.filter(({ position }) => position > after);
  }
}
