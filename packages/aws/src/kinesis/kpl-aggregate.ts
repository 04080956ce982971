import { hash } from 'node:crypto';
import { decimalOf, hashKeyOf } from './hash-key.ts';
import {
  AGGREGATE_PARTITION_KEY,
  DATA_TAG,
  HASH_KEY_INDEX_TAG,
  HASH_KEY_TABLE_TAG,
  hasKplMagic,
  KEY_INDEX_TAG,
  KEY_TABLE_TAG,
  KPL_MAGIC,
  KPL_OVERHEAD_BYTES,
  RECORD_TAG,
  type UserRecord,
} from './kpl-format.ts';

export interface AggregateLimits {
  /** The longest aggregate in bytes, magic and checksum counted. A record that is longer alone is taken alone. */
  readonly maxBytes: number;
  /** @default unlimited */
  readonly maxCount?: number;
}

/** What one Kinesis record is made from. */
export interface PackedRecord {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  readonly data: Uint8Array;
  /** How many user records it holds. */
  readonly count: number;
}

/**
 * User records on their way into one Kinesis record.
 *
 * Bounded by size and count; when it has waited long enough is for the caller to say, by `finish`. Its records must
 * belong to one shard: the aggregate goes where the first of them goes.
 */
export class KplAggregate {
  readonly #maxBytes: number;
  readonly #maxCount: number;
  readonly #keys = new Map<string, number>();
  readonly #hashKeys = new Map<string, number>();
  #records: UserRecord[] = [];
  #keyIndices: number[] = [];
  #byteLength = KPL_OVERHEAD_BYTES;

  constructor({ maxBytes, maxCount = Number.POSITIVE_INFINITY }: AggregateLimits) {
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
  }

  get count(): number {
    return this.#records.length;
  }

  /** Of the aggregate, if it were finished now. Exact. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Adds a record, whose bytes are to stay as they are until `finish`.
   *
   * @returns false when it does not fit: nothing was added, and the aggregate is to be finished first.
   */
  add(record: UserRecord): boolean {
    const { partitionKey, explicitHashKey, data } = record;
    const knownKey = this.#keys.get(partitionKey);
    const keyIndex = knownKey ?? this.#keys.size;
    let bytes = 0;
    if (knownKey === undefined) bytes += sizedBytes(Buffer.byteLength(partitionKey));
    let hashKeyIndex: number | undefined;
    if (explicitHashKey !== undefined) {
      hashKeyIndex = this.#hashKeys.get(explicitHashKey) ?? this.#hashKeys.size;
      if (hashKeyIndex === this.#hashKeys.size) bytes += sizedBytes(explicitHashKey.length);
    }
    bytes += sizedBytes(recordBytes({ keyIndex, hashKeyIndex, dataLength: data.length }));
    const { length: count } = this.#records;
    if (count > 0 && (count >= this.#maxCount || this.#byteLength + bytes > this.#maxBytes)) return false;
    if (knownKey === undefined) this.#keys.set(partitionKey, keyIndex);
    if (explicitHashKey !== undefined) this.#hashKeys.set(explicitHashKey, hashKeyIndex as number);
    this.#records.push(record);
    this.#keyIndices.push(keyIndex);
    this.#byteLength += bytes;
    return true;
  }

  /**
   * The Kinesis record of what was added; the aggregate is empty again afterwards. A single record comes out as it is,
   * unless its own bytes begin as an aggregate's do. `undefined` when nothing was added.
   */
  finish(): PackedRecord | undefined {
    const [first] = this.#records;
    if (first === undefined) return undefined;
    const { length: count } = this.#records;
    const isPlain = count === 1 && !hasKplMagic(first.data);
    const packed = isPlain
      ? { ...first, count }
      : {
          partitionKey: AGGREGATE_PARTITION_KEY,
          explicitHashKey: decimalOf(hashKeyOf(first)),
          data: this.#pack(),
          count,
        };
    this.#records = [];
    this.#keyIndices = [];
    this.#keys.clear();
    this.#hashKeys.clear();
    this.#byteLength = KPL_OVERHEAD_BYTES;
    return packed;
  }

  #pack(): Buffer {
    const data = Buffer.allocUnsafeSlow(this.#byteLength);
    let at = KPL_MAGIC.copy(data);
    // The tables first, as protocol buffers' own writers have it: byte for byte what the others would send.
    for (const key of this.#keys.keys()) at = writeText(data, at, { tag: KEY_TABLE_TAG, text: key });
    for (const key of this.#hashKeys.keys()) at = writeText(data, at, { tag: HASH_KEY_TABLE_TAG, text: key });
    const records = this.#records;
    const keyIndices = this.#keyIndices;
    for (let index = 0; index < records.length; index += 1) {
      const record = records[index] as UserRecord;
      const keyIndex = keyIndices[index] as number;
      const { explicitHashKey } = record;
      const hashKeyIndex = explicitHashKey === undefined ? undefined : this.#hashKeys.get(explicitHashKey);
      const bytes = record.data;
      const dataLength = bytes.length;
      data[at++] = RECORD_TAG;
      at = writeVarint(data, at, recordBytes({ keyIndex, hashKeyIndex, dataLength }));
      data[at++] = KEY_INDEX_TAG;
      at = writeVarint(data, at, keyIndex);
      if (hashKeyIndex !== undefined) {
        data[at++] = HASH_KEY_INDEX_TAG;
        at = writeVarint(data, at, hashKeyIndex);
      }
      data[at++] = DATA_TAG;
      at = writeVarint(data, at, dataLength);
      data.set(bytes, at);
      at += dataLength;
    }
    hash('md5', data.subarray(KPL_MAGIC.length, at), 'buffer').copy(data, at);
    return data;
  }
}

/** Of a record's fields, without the tag and the length before them. */
function recordBytes(record: {
  readonly keyIndex: number;
  readonly hashKeyIndex: number | undefined;
  readonly dataLength: number;
}): number {
  const { keyIndex, hashKeyIndex, dataLength } = record;
  const forHashKey = hashKeyIndex === undefined ? 0 : 1 + varintBytes(hashKeyIndex);
  return 1 + varintBytes(keyIndex) + forHashKey + sizedBytes(dataLength);
}

/** Of a field that has a length: its tag, the length, and what has it. */
function sizedBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** @param value whole, from 0 to 2^31 − 1. @returns where to go on */
function writeVarint(target: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

function writeText(
  target: Buffer,
  from: number,
  { tag, text }: { readonly tag: number; readonly text: string },
): number {
  target[from] = tag;
  const at = writeVarint(target, from + 1, Buffer.byteLength(text));
  return at + target.write(text, at);
}
