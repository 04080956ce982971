import { createHash } from 'node:crypto';
import type { ObjectRef } from '../ports/object-store.ts';
import { LoadError } from '../recover/load-error.ts';

/**
 * What makes a file the same file, whenever and however it was announced: where it is, and its bytes.
 *
 * Version ids and times are attributes: listings carry no version id, and a notification and a listing give the
 * same object different times.
 */
export interface FileIdentity extends ObjectRef {
  /** Unquoted ETag. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

/** The one function that builds an identity, for every source. ETags come quoted from some APIs and bare from others. */
export function identityOf(object: {
  bucket: string;
  key: string;
  etag: string;
  size: number;
}): FileIdentity {
  const { bucket, key, size } = object;
  return { bucket, key, etag: object.etag.replace(/^"(.*)"$/, '$1'), size };
}

/** 32 hex digits that stand for the identity: the same file has the same id everywhere and for ever. */
export function fileIdOf({ bucket, key, etag, size }: FileIdentity): string {
  return shortHash(['file', bucket, key, etag, String(size)]);
}

/** 32 hex digits that stand for the place of a file, whatever its bytes: all versions of a key share it. */
export function keyIdOf({ bucket, key }: ObjectRef): string {
  return shortHash(['key', bucket, key]);
}

/** `s3://bucket/key`, the key as it is (manifests and COPY take keys undecorated). */
export function urlOf({ bucket, key }: ObjectRef): string {
  return `s3://${bucket}/${key}`;
}

/** @throws LoadError `invalid-url` unless the text is `s3://bucket/key`; the key may be empty (a whole bucket). */
export function parseUrl(url: string): ObjectRef {
  const match = /^s3:\/\/([^/]+)\/(.*)$/su.exec(url);
  if (!match) {
    throw new LoadError('invalid-url', `'${url}' is not an object's address`, {
      hint: 'write s3://bucket/key',
    });
  }
  const [, bucket = '', key = ''] = match;
  return { bucket, key };
}

/** 128 bits of SHA-256 over length-prefixed parts: no two lists of parts share a text, and 10^12 files no hash. */
export function shortHash(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  return hash.digest('hex').slice(0, 32);
}
