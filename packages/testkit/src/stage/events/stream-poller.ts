import { setTimeout as pause } from 'node:timers/promises';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { StagedFunction } from '../functions/staged-function.ts';

export interface StreamPollerOptions {
  readonly kinesis: KinesisClient;
  readonly streamName: string;
  readonly streamArn: string;
  readonly region: string;
  readonly target: StagedFunction;
  readonly batchSize: number;
  readonly onFailure: (error: unknown) => void;
}

const POLL_MS = 100;
const RETRY_MS = 500;

/** A Kinesis event source, from the beginning of each shard, in order: a batch that fails is repeated until it does not. */
export class StreamPoller {
  readonly #options: StreamPollerOptions;
  readonly #stop = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: StreamPollerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { kinesis, streamName } = this.#options;
    const { Shards: shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: streamName }));
    this.#loops = Promise.all(shards.map(({ ShardId = '' }) => this.#follow(ShardId)));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loops;
  }

  async #follow(shardId: string): Promise<void> {
    const { kinesis, streamName, batchSize } = this.#options;
    const start = { StreamName: streamName, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    let { ShardIterator: iterator } = await kinesis.send(new GetShardIteratorCommand(start));
    while (iterator !== undefined && !this.#stop.signal.aborted) {
      const page = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: batchSize }));
      const records = page.Records ?? [];
      if (records.length > 0) await this.#hand(shardId, records);
      else await this.#rest(POLL_MS);
      iterator = page.NextShardIterator;
    }
  }

  async #hand(shardId: string, records: readonly StreamRecord[]): Promise<void> {
    const { streamArn, region, target, onFailure } = this.#options;
    const event = {
      Records: records.map(({ SequenceNumber, PartitionKey, Data, ApproximateArrivalTimestamp }) => ({
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: PartitionKey,
          sequenceNumber: SequenceNumber,
          data: Buffer.from(Data ?? []).toString('base64'),
          approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: `${shardId}:${SequenceNumber}`,
        eventName: 'aws:kinesis:record',
        awsRegion: region,
        eventSourceARN: streamArn,
      })),
    };
    while (!this.#stop.signal.aborted) {
      try {
        const answer = await target.invokeInTurn(event);
        const { batchItemFailures = [] } = (answer ?? {}) as { batchItemFailures?: unknown[] };
        if (batchItemFailures.length === 0) return;
        onFailure(new Error(`records of shard ${shardId} failed, and come again`));
      } catch (error) {
        onFailure(error);
      }
      await this.#rest(RETRY_MS);
    }
  }

  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stop.signal }).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }
}

interface StreamRecord {
  readonly SequenceNumber?: string | undefined;
  readonly PartitionKey?: string | undefined;
  readonly Data?: Uint8Array | undefined;
  readonly ApproximateArrivalTimestamp?: Date | undefined;
}
