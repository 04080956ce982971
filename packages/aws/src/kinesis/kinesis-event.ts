import type { StreamRecord } from '@millrace/core';
import { userRecordsOf } from './user-records.ts';

/** What Lambda hands to a function on a Kinesis stream, as far as it is used here. */
export interface KinesisEvent {
  readonly Records: readonly {
    /** `shardId-000000000006:<sequence number>` */
    readonly eventID: string;
    readonly kinesis: {
      readonly partitionKey: string;
      readonly sequenceNumber: string;
      /** Base64. */
      readonly data: string;
      /** Seconds, with a fraction. */
      readonly approximateArrivalTimestamp: number;
    };
  }[];
}

/** The records of an invocation by shard, in order. Lambda hands over one shard's at a time; nothing here relies on it. */
export function readKinesisEvent(event: KinesisEvent): ReadonlyMap<string, readonly StreamRecord[]> {
  const byShard = new Map<string, StreamRecord[]>();
  for (const { eventID, kinesis } of event.Records) {
    const shard = eventID.slice(0, Math.max(0, eventID.indexOf(':')));
    const records = byShard.get(shard) ?? [];
    byShard.set(shard, records);
    const { partitionKey, sequenceNumber, data, approximateArrivalTimestamp } = kinesis;
    records.push(
      ...userRecordsOf({
        partitionKey,
        sequenceNumber,
        data: Buffer.from(data, 'base64'),
        arrivedAt: Math.round(approximateArrivalTimestamp * 1_000),
      }),
    );
  }
  return byShard;
}
