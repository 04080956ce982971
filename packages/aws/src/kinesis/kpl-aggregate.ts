import { hash } from 'node:crypto';
import { ByteBuffer, varintBytes } from './byte-buffer.ts';
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
  readonly #keyTable = new ByteBuffer();
  readonly #hashKeyTable = new ByteBuffer();
  readonly #records = new ByteBuffer();
  #first: UserRecord | undefined;
  #count = 0;

  constructor({ maxBytes, maxCount = Number.POSITIVE_INFINITY }: AggregateLimits) {
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
  }

  get count(): number {
    return this.#count;
  }

  /** Of the aggregate, if it were finished now. Exact. */
  get byteLength(): number {
    return KPL_OVERHEAD_BYTES + this.#keyTable.length + this.#hashKeyTable.length + this.#records.length;
  }

  /**
   * Adds a record; its bytes are copied, but for those of the first, which are to stay as they are until `finish`.
   *
   * @returns false when it does not fit: nothing was added, and the aggregate is to be finished first.
   */
  add(record: UserRecord): boolean {
    const { partitionKey, explicitHashKey, data } = record;
    const knownKey = this.#keys.get(partitionKey);
    const keyIndex = knownKey ?? this.#keys.size;
    const keyBytes = knownKey === undefined ? Buffer.byteLength(partitionKey) : 0;
    let recordBytes = 2 + varintBytes(keyIndex) + varintBytes(data.length) + data.length;
    let tableBytes = knownKey === undefined ? 1 + varintBytes(keyBytes) + keyBytes : 0;
    let knownHashKey: number | undefined;
    let hashKeyIndex = 0;
    if (explicitHashKey !== undefined) {
      knownHashKey = this.#hashKeys.get(explicitHashKey);
      hashKeyIndex = knownHashKey ?? this.#hashKeys.size;
      recordBytes += 1 + varintBytes(hashKeyIndex);
      if (knownHashKey === undefined) tableBytes += 2 + explicitHashKey.length;
    }
    const added = tableBytes + 1 + varintBytes(recordBytes) + recordBytes;
    if (this.#count > 0 && (this.#count >= this.#maxCount || this.byteLength + added > this.#maxBytes)) {
      return false;
    }
    if (knownKey === undefined) {
      this.#keys.set(partitionKey, keyIndex);
      addToTable(this.#keyTable, KEY_TABLE_TAG, { text: partitionKey, bytes: keyBytes });
    }
    if (explicitHashKey !== undefined && knownHashKey === undefined) {
      this.#hashKeys.set(explicitHashKey, hashKeyIndex);
      // Digits only, 39 at most: a byte each, and a length of one byte.
      const bytes = explicitHashKey.length;
      addToTable(this.#hashKeyTable, HASH_KEY_TABLE_TAG, { text: explicitHashKey, bytes });
    }
    const records = this.#records;
    records.reserve(added);
    records.byte(RECORD_TAG);
    records.varint(recordBytes);
    records.byte(KEY_INDEX_TAG);
    records.varint(keyIndex);
    if (explicitHashKey !== undefined) {
      records.byte(HASH_KEY_INDEX_TAG);
      records.varint(hashKeyIndex);
    }
    records.byte(DATA_TAG);
    records.varint(data.length);
    records.data(data);
    this.#first ??= record;
    this.#count++;
    return true;
  }

  /**
   * The Kinesis record of what was added; the aggregate is empty again afterwards. A single record comes out as it is,
   * unless its own bytes begin as an aggregate's do. `undefined` when nothing was added.
   */
  finish(): PackedRecord | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    const count = this.#count;
    const isPlain = count === 1 && !hasKplMagic(first.data);
    const packed = isPlain ? { ...first, count } : this.#pack(first, count);
    this.#clear();
    return packed;
  }

  #pack(first: UserRecord, count: number): PackedRecord {
    const data = Buffer.allocUnsafeSlow(this.byteLength);
    let end = KPL_MAGIC.copy(data);
    // The tables first, as protocol buffers' own writers have it: byte for byte what the others would send.
    for (const part of [this.#keyTable, this.#hashKeyTable, this.#records]) end = part.copyTo(data, end);
    hash('md5', data.subarray(KPL_MAGIC.length, end), 'buffer').copy(data, end);
    return {
      partitionKey: AGGREGATE_PARTITION_KEY,
      explicitHashKey: decimalOf(hashKeyOf(first)),
      data,
      count,
    };
  }

  #clear(): void {
    this.#keys.clear();
    this.#hashKeys.clear();
    this.#keyTable.clear();
    this.#hashKeyTable.clear();
    this.#records.clear();
    this.#first = undefined;
    this.#count = 0;
  }
}

function addToTable(
  table: ByteBuffer,
  tag: number,
  { text, bytes }: { readonly text: string; readonly bytes: number },
): void {
  table.reserve(1 + varintBytes(bytes) + bytes);
  table.byte(tag);
  table.varint(bytes);
  table.text(text);
}
