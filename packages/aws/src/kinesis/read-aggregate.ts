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
    const records = readMessage(bytes, end);
    return records.length === 0 ? null : records;
  } catch (cause) {
    if (cause instanceof CorruptAggregate) return null;
    throw cause;
  }
}

interface Tables {
  readonly keys: string[];
  readonly hashKeys: string[];
}

function readMessage(bytes: Buffer, end: number): readonly UserRecord[] {
  const tables: Tables = { keys: [], hashKeys: [] };
  const records = readRecords(bytes, end, { tables, readsTables: true });
  if (records !== undefined) return records;
  // A writer may put a table behind the records that point into it: what lacked a key has it the second time.
  const again = readRecords(bytes, end, { tables, readsTables: false });
  if (again === undefined) throw new CorruptAggregate();
  return again;
}

/**
 * One walk over the message, with the place in a local variable and the numbers of one byte read where they stand: this runs
 * for every event that there is.
 *
 * @returns undefined when a record pointed behind the end of what was read of a table
 */
function readRecords(
  bytes: Buffer,
  end: number,
  { tables, readsTables }: { readonly tables: Tables; readonly readsTables: boolean },
): readonly UserRecord[] | undefined {
  const { keys, hashKeys } = tables;
  const { buffer, byteOffset } = bytes;
  const records: UserRecord[] = [];
  const cursor = new Cursor(bytes);
  let lacksKeys = false;
  let at = KPL_MAGIC.length;
  while (at < end) {
    const tag = bytes[at++] as number;
    if (tag !== RECORD_TAG && tag !== KEY_TABLE_TAG && tag !== HASH_KEY_TABLE_TAG) {
      at = cursor.skipField(at - 1, end);
      continue;
    }
    let length = bytes[at++] as number;
    if (length >= 0x80 || at > end) {
      length = cursor.varint(at - 1, end);
      at = cursor.at;
    }
    const fieldEnd = at + length;
    if (fieldEnd > end) throw new CorruptAggregate();
    if (tag !== RECORD_TAG) {
      const table = tag === KEY_TABLE_TAG ? keys : hashKeys;
      if (readsTables) table.push(bytes.toString('utf8', at, fieldEnd));
      at = fieldEnd;
      continue;
    }
    let keyIndex = -1;
    let hashKeyIndex = -1;
    let dataAt = -1;
    let dataLength = 0;
    while (at < fieldEnd) {
      const inner = bytes[at++] as number;
      if (inner !== KEY_INDEX_TAG && inner !== DATA_TAG && inner !== HASH_KEY_INDEX_TAG) {
        at = cursor.skipField(at - 1, fieldEnd);
        continue;
      }
      let value = bytes[at++] as number;
      if (value >= 0x80 || at > fieldEnd) {
        value = cursor.varint(at - 1, fieldEnd);
        at = cursor.at;
      }
      if (inner === KEY_INDEX_TAG) {
        keyIndex = value;
      } else if (inner === HASH_KEY_INDEX_TAG) {
        hashKeyIndex = value;
      } else {
        dataAt = at;
        dataLength = value;
        at += value;
        if (at > fieldEnd) throw new CorruptAggregate();
      }
    }
    if (keyIndex < 0 || dataAt < 0) throw new CorruptAggregate();
    const partitionKey = keys[keyIndex];
    const explicitHashKey = hashKeyIndex < 0 ? undefined : hashKeys[hashKeyIndex];
    if (partitionKey === undefined || (hashKeyIndex >= 0 && explicitHashKey === undefined)) {
      lacksKeys = true;
      continue;
    }
    const data = new Uint8Array(buffer, byteOffset + dataAt, dataLength);
    records.push(
      explicitHashKey === undefined ? { partitionKey, data } : { partitionKey, data, explicitHashKey },
    );
  }
  return lacksKeys ? undefined : records;
}

/** What is rare in aggregates: numbers of several bytes, and fields that are not known here. */
class Cursor {
  readonly #bytes: Buffer;
  /** Behind what was read last. */
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Up to 2^63, though exact up to 2^53 only: nothing that long or that far is in an aggregate. */
  varint(from: number, limit: number): number {
    let value = 0;
    this.at = from;
    for (let scale = 1; scale <= 2 ** 63; scale *= 0x80) {
      if (this.at >= limit) throw new CorruptAggregate();
      const next = this.#bytes[this.at++] as number;
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
    }
    throw new CorruptAggregate();
  }

  /** Steps over a field: a tag, or what a later version adds. @returns where the next one begins */
  skipField(from: number, limit: number): number {
    const wireType = this.varint(from, limit) & 7;
    if (wireType === LENGTH_DELIMITED) {
      const length = this.varint(this.at, limit);
      this.at += length;
    } else if (wireType === VARINT) this.varint(this.at, limit);
    else if (wireType === FIXED_64) this.at += 8;
    else if (wireType === FIXED_32) this.at += 4;
    else throw new CorruptAggregate();
    if (this.at > limit) throw new CorruptAggregate();
    return this.at;
  }
}
