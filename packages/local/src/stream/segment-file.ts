import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isAbsent } from '../filesystem/file-errors.ts';

/*
 * A shard is a folder of segments, numbered from 1. One is appended to; the others are as they are for ever, until their
 * age ends them. A segment begins with a header that tells where the one before it ended.
 */

const MAGIC = 0x3153524d; // "MRS1"
export const HEADER_BYTES = 16;
const NAME = /^(\d{10})\.log$/u;

/** A place in a shard: behind `end` bytes of a segment. */
export interface Place {
  readonly segment: number;
  readonly end: number;
}

export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(10, '0')}.log`);
}

/** The numbers of the segments that are there, ascending. None where there is no folder. */
export async function listSegments(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  return names.flatMap((name) => (NAME.test(name) ? [Number(name.slice(0, 10))] : [])).sort((a, b) => a - b);
}

/** @param previousEnd bytes of the segment before it, 0 when there was none */
export function encodeHeader(previousEnd: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeDoubleLE(previousEnd, 4);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

/** Undefined for what is no header (yet). */
export function readHeader(bytes: Buffer): { readonly previousEnd: number } | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  if (crc32(bytes.subarray(0, 12)) !== bytes.readUInt32LE(12)) return undefined;
  return { previousEnd: bytes.readDoubleLE(4) };
}

/** Positions compare as texts, so numbers have one length. */
export function formatPlace({ segment, end }: Place): string {
  return `${String(segment).padStart(10, '0')}.${String(end).padStart(12, '0')}`;
}

/** Undefined for what was never a position of this kind of stream. */
export function readPlace(position: string): Place | undefined {
  const [, segment, end] = /^(\d{10})\.(\d{12})$/u.exec(position) ?? [];
  return segment === undefined ? undefined : { segment: Number(segment), end: Number(end) };
}
