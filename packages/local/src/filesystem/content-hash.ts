import { createHash, type Hash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What tells that a file's content is what it was: any write moves the time or the size, a replacement the inode. */
export interface FileStamp {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** Hex digits of SHA-256 that make an ETag: 128 bits, as many as S3's MD5 has. */
const ETAG_DIGITS = 32;

/**
 * Files up to this size are read in one synchronous step. A thread's turn costs more than reading a small file, and
 * thousands of small files are what arrives.
 */
const SYNC_BYTES = 1024 * 1024;

/** A link is never followed, not even one that came between the look and the open. */
export const OPEN_FOR_READING = constants.O_RDONLY | constants.O_NOFOLLOW;

const spool = Buffer.allocUnsafe(SYNC_BYTES);

export function newEtagHash(): Hash {
  return createHash('sha256');
}

export function etagOf(hash: Hash): string {
  return hash.digest('hex').slice(0, ETAG_DIGITS);
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

/**
 * The ETag of the file's content: a function of its bytes alone, so the same bytes written again are the same object.
 *
 * @param stamp what the file looked like when it was decided to read it.
 * @returns undefined when the file is not, or not throughout, what the stamp says: the hash would be of a mixture.
 * @throws what opening and reading throw, ENOENT included.
 */
export function hashContent(
  path: string,
  stamp: FileStamp,
): string | undefined | Promise<string | undefined> {
  return stamp.size <= BigInt(SYNC_BYTES) ? hashSmall(path, stamp) : hashLarge(path, stamp);
}

function hashSmall(path: string, stamp: FileStamp): string | undefined {
  const descriptor = openSync(path, OPEN_FOR_READING);
  try {
    const size = Number(stamp.size);
    let filled = 0;
    while (filled < size) {
      const read = readSync(descriptor, spool, filled, size - filled, filled);
      if (read === 0) return undefined;
      filled += read;
    }
    if (!isSameStamp(fstatSync(descriptor, { bigint: true }), stamp)) return undefined;
    return hash('sha256', spool.subarray(0, size), 'hex').slice(0, ETAG_DIGITS);
  } finally {
    closeSync(descriptor);
  }
}

async function hashLarge(path: string, stamp: FileStamp): Promise<string | undefined> {
  const handle = await open(path, OPEN_FOR_READING);
  try {
    return await hashHandle(handle, stamp);
  } finally {
    await handle.close();
  }
}

async function hashHandle(handle: FileHandle, stamp: FileStamp): Promise<string | undefined> {
  const sha = newEtagHash();
  const buffer = Buffer.allocUnsafe(SYNC_BYTES);
  const size = Number(stamp.size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
    if (bytesRead === 0) return undefined;
    sha.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return isSameStamp(await handle.stat({ bigint: true }), stamp) ? etagOf(sha) : undefined;
}
