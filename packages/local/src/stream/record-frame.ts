import { crc32 } from 'node:zlib';
import type { EpochMs, StreamEntry, StreamRecord } from '@millrace/core';

/*
 * A record in a segment: length of the rest (4 bytes), CRC-32 of the rest (4), arrival in ms (8), length of the key (2),
 * key, data. Little-endian.
 */

const HEAD_BYTES = 8;
const FIXED_BYTES = 10;

/** Of key and data together: what one record of Kinesis may hold by default. */
export const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_REST_BYTES = MAX_RECORD_BYTES + FIXED_BYTES;

/** A record before it has a place: its key is measured once. */
export interface Unframed {
  readonly entry: StreamEntry;
  readonly keyBytes: number;
}

/** The bytes of key and data. */
export function recordBytesOf({ entry, keyBytes }: Unframed): number {
  return keyBytes + entry.data.length;
}

/** The frames of records, one behind the other, in one piece: hundreds of small ones would cost more than their bytes. */
export function encodeFrames(records: readonly Unframed[], arrivedAt: EpochMs): Buffer {
  let bytes = 0;
  for (const record of records) bytes += HEAD_BYTES + FIXED_BYTES + recordBytesOf(record);
  const frames = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const record of records) at = writeFrame(frames, at, { record, arrivedAt });
  return frames;
}

/** @returns where the next frame begins */
function writeFrame(
  target: Buffer,
  at: number,
  { record: { entry, keyBytes }, arrivedAt }: { record: Unframed; arrivedAt: EpochMs },
): number {
  const start = at + HEAD_BYTES;
  const end = start + FIXED_BYTES + keyBytes + entry.data.length;
  target.writeUInt32LE(end - start, at);
  target.writeDoubleLE(arrivedAt, start);
  target.writeUInt16LE(keyBytes, start + 8);
  target.write(entry.partitionKey, start + FIXED_BYTES, 'utf8');
  target.set(entry.data, start + FIXED_BYTES + keyBytes);
  target.writeUInt32LE(crc32(target.subarray(start, end)), at + 4);
  return end;
}

/** A frame, as it was read: `record` without the position, which depends on where the frame is. */
export type FrameReading =
  | { readonly kind: 'record'; readonly record: Omit<StreamRecord, 'position'>; readonly bytes: number }
  /** Its end is not among the bytes. `bytes`: how many it has, as far as its head tells. */
  | { readonly kind: 'short'; readonly bytes: number }
  | { readonly kind: 'damaged' };

/** Reads the frame that begins at `from`. The data is a view of `bytes`. */
export function readFrame(bytes: Buffer, from: number): FrameReading {
  if (bytes.length - from < HEAD_BYTES) return { kind: 'short', bytes: HEAD_BYTES };
  const rest = bytes.readUInt32LE(from);
  if (rest < FIXED_BYTES || rest > MAX_REST_BYTES) return { kind: 'damaged' };
  const end = from + HEAD_BYTES + rest;
  if (end > bytes.length) return { kind: 'short', bytes: HEAD_BYTES + rest };
  const start = from + HEAD_BYTES;
  if (crc32(bytes.subarray(start, end)) !== bytes.readUInt32LE(from + 4)) return { kind: 'damaged' };
  const keyBytes = bytes.readUInt16LE(start + 8);
  const dataAt = start + FIXED_BYTES + keyBytes;
  if (dataAt > end) return { kind: 'damaged' };
  return {
    kind: 'record',
    bytes: HEAD_BYTES + rest,
    record: {
      partitionKey: bytes.toString('utf8', start + FIXED_BYTES, dataAt),
      data: bytes.subarray(dataAt, end),
      arrivedAt: bytes.readDoubleLE(start),
    },
  };
}
