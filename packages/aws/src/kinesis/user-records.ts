import type { EpochMs, StreamRecord } from '@millrace/core';
import { readAggregate } from './read-aggregate.ts';
import { positionPrefixOf, positionSuffixOf } from './record-position.ts';

/** A record as Kinesis keeps it, from GetRecords or from a Lambda event. */
export interface KinesisRecord {
  readonly partitionKey: string;
  readonly sequenceNumber: string;
  readonly data: Uint8Array;
  readonly arrivedAt: EpochMs;
}

/**
 * The records that senders put, in order, each with its position: those of an aggregate, or the record itself.
 *
 * Nothing is dropped. An aggregate that is corrupt comes as the record that it is; entries that belong to another
 * shard (they were packed before a split) come where they are.
 */
export function userRecordsOf(record: KinesisRecord): readonly StreamRecord[] {
  const { partitionKey, sequenceNumber, data, arrivedAt } = record;
  const prefix = positionPrefixOf(sequenceNumber);
  const packed = readAggregate(data);
  if (packed === null) return [{ partitionKey, data, position: prefix + positionSuffixOf(0), arrivedAt }];
  return packed.map((one, at) => ({
    partitionKey: one.partitionKey,
    data: one.data,
    position: prefix + positionSuffixOf(at),
    arrivedAt,
  }));
}
