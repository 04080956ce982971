/**
 * The aggregated format of the Kinesis Producer Library: many user records in one Kinesis record.
 *
 *   F3 89 9A C2 ‖ message (proto2) ‖ MD5 of the message, 16 bytes
 *
 *   message AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2;
 *                              repeated Record records = 3; }
 *   message Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2;
 *                    required bytes data = 3; repeated Tag tags = 4; }
 *
 * Indices count from 0 and point into the tables. Tags are not used by anybody.
 */
export const KPL_MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
export const KPL_CHECKSUM_BYTES = 16;
/** What magic and checksum add to the message. */
export const KPL_OVERHEAD_BYTES = KPL_MAGIC.length + KPL_CHECKSUM_BYTES;

/** The partition key of every aggregate: the explicit hash key chooses the shard, and Kinesis asks for a key all the same. */
export const AGGREGATE_PARTITION_KEY = 'a';

/** A field's number and wire type, as the byte before its value. */
export const KEY_TABLE_TAG = 0x0a;
export const HASH_KEY_TABLE_TAG = 0x12;
export const RECORD_TAG = 0x1a;
export const KEY_INDEX_TAG = 0x08;
export const HASH_KEY_INDEX_TAG = 0x10;
export const DATA_TAG = 0x1a;

/** A record as its sender put it: what an aggregate holds many of. */
export interface UserRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Decimal, below 2^128: chooses the shard in place of the partition key's hash. */
  readonly explicitHashKey?: string;
}

/** Whether bytes begin as an aggregate does. A record of its own that does must be wrapped, or readers would take it apart. */
export function hasKplMagic(data: Uint8Array): boolean {
  return (
    data.length >= KPL_MAGIC.length &&
    data[0] === 0xf3 &&
    data[1] === 0x89 &&
    data[2] === 0x9a &&
    data[3] === 0xc2
  );
}
