import { hash } from 'node:crypto';
import {
  DATA_TAG,
  HASH_KEY_INDEX_TAG,
  HASH_KEY_TABLE_TAG,
  hasKplMagic,
  KEY_INDEX_TAG,
  KEY_TABLE_TAG,
  KPL_CHECKSUM_BYTES,
  KPL_MAGIC,
  KPL_OVERHEAD_BYTES,
  RECORD_TAG,
  type UserRecord,
} from './kpl-format.ts';

/** Protocol buffers' wire types; two older ones, for groups, appear in no aggregate. */
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Thrown and caught within this file: the bytes are no aggregate, whatever their first four say. */
class CorruptAggregate extends Error {}

/**
 * The user records of an aggregate, in their order; their bytes are views of `data`.
 *
 * @returns null for whatever is no whole aggregate: another beginning, a checksum that does not fit, a message that
 *   cannot be read, or one without records. It is to be taken as the record that it is, so that nothing is dropped.
 */
export function readAggregate(data: Uint8Array): readonly UserRecord[] | null {
  if (data.length <= KPL_OVERHEAD_BYTES || !hasKplMagic(data)) return null;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  const end = bytes.length - KPL_CHECKSUM_BYTES;
  const checksum = hash('md5', bytes.subarray(KPL_MAGIC.length, end), 'buffer');
  if (checksum.compare(bytes, end) !== 0) return null;
  try {
    const records = new AggregateReader(bytes, end).records();
    return records.length === 0 ? null : records;
  } catch (cause) {
    if (cause instanceof CorruptAggregate) return null;
    throw cause;
  }
}

/** Walks over the message of one aggregate. */
class AggregateReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #keys: string[] = [];
  readonly #hashKeys: string[] = [];
  #at = KPL_MAGIC.length;
  /** A record pointed behind the end of what was read of a table. */
  #lacksKeys = false;
  #hasTables = false;

  constructor(bytes: Buffer, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  records(): readonly UserRecord[] {
    const records = this.#walk();
    // A writer may put a table behind the records that point into it: what lacked a key has it the second time.
    return this.#lacksKeys ? this.#walkAgain() : records;
  }

  #walk(): readonly UserRecord[] {
    const records: UserRecord[] = [];
    while (this.#at < this.#end) {
      const tag = this.#varint(this.#end);
      if (tag === RECORD_TAG) records.push(this.#readRecord(this.#lengthEnd(this.#end)));
      else if (tag === KEY_TABLE_TAG) this.#addTo(this.#keys);
      else if (tag === HASH_KEY_TABLE_TAG) this.#addTo(this.#hashKeys);
      else this.#skip(tag & 7, this.#end);
    }
    return records;
  }

  #walkAgain(): readonly UserRecord[] {
    this.#at = KPL_MAGIC.length;
    this.#hasTables = true;
    this.#lacksKeys = false;
    const records = this.#walk();
    if (this.#lacksKeys) throw new CorruptAggregate();
    return records;
  }

  #addTo(table: string[]): void {
    const end = this.#lengthEnd(this.#end);
    if (!this.#hasTables) table.push(this.#bytes.toString('utf8', this.#at, end));
    this.#at = end;
  }

  #readRecord(end: number): UserRecord {
    let partitionKey: string | undefined;
    let explicitHashKey: string | undefined;
    let dataAt = -1;
    let dataEnd = -1;
    while (this.#at < end) {
      const tag = this.#varint(end);
      if (tag === KEY_INDEX_TAG) {
        partitionKey = this.#keyAt(this.#keys, this.#varint(end));
      } else if (tag === DATA_TAG) {
        dataEnd = this.#lengthEnd(end);
        dataAt = this.#at;
        this.#at = dataEnd;
      } else if (tag === HASH_KEY_INDEX_TAG) {
        explicitHashKey = this.#keyAt(this.#hashKeys, this.#varint(end));
      } else {
        this.#skip(tag & 7, end);
      }
    }
    if (partitionKey === undefined || dataAt < 0) throw new CorruptAggregate();
    const data = this.#bytes.subarray(dataAt, dataEnd);
    return explicitHashKey === undefined ? { partitionKey, data } : { partitionKey, data, explicitHashKey };
  }

  #keyAt(table: readonly string[], index: number): string {
    const key = table[index];
    if (key === undefined) this.#lacksKeys = true;
    return key ?? '';
  }

  /** Reads a length, and says where what it belongs to ends. */
  #lengthEnd(limit: number): number {
    const length = this.#varint(limit);
    const end = this.#at + length;
    if (end > limit) throw new CorruptAggregate();
    return end;
  }

  /** Up to 2^63, though exact up to 2^53 only: nothing that long or that far is in an aggregate. */
  #varint(limit: number): number {
    const first = this.#bytes[this.#at++] as number;
    if (first < 0x80 && this.#at <= limit) return first;
    let value = first & 0x7f;
    for (let scale = 0x80; scale <= 2 ** 63; scale *= 0x80) {
      if (this.#at >= limit) throw new CorruptAggregate();
      const next = this.#bytes[this.#at++] as number;
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
    }
    throw new CorruptAggregate();
  }

  /** Steps over the value of a field that is not known here: a tag, or what a later version adds. */
  #skip(wireType: number, limit: number): void {
    if (wireType === LENGTH_DELIMITED) this.#at = this.#lengthEnd(limit);
    else if (wireType === VARINT) this.#varint(limit);
    else if (wireType === FIXED_64) this.#at += 8;
    else if (wireType === FIXED_32) this.#at += 4;
    else throw new CorruptAggregate();
    if (this.#at > limit) throw new CorruptAggregate();
  }
}
