import { createHash } from 'node:crypto';
import {
  type ConditionalOutcome,
  type EpochMs,
  LoadError,
  type ObjectInfo,
  type ObjectRef,
  type ObjectStore,
  urlOf,
} from '@millrace/core';

interface StoredObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly lastModifiedAt: EpochMs;
  readonly tags: Readonly<Record<string, string>>;
}

/** Bytes a chunk of `read` has at most: small, so that callers who expect one chunk only are found out. */
const CHUNK_BYTES = 64 * 1024;

/**
 * An object store that forgets everything when the process ends: for tests and simulations.
 *
 * Buckets come to be with their first object. ETags are the MD5 of the bytes, as S3's are for single uploads.
 * Bytes are copied on their way in and out, so no caller can reach into the store. A stored object is never
 * changed, only replaced: whoever reads keeps the version that was there when the read began.
 */
export class MemoryObjectStore implements ObjectStore {
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #now: () => EpochMs;

  constructor(options: { now?: () => EpochMs } = {}) {
    this.#now = options.now ?? Date.now;
  }

  async head(at: ObjectRef): Promise<ObjectInfo | undefined> {
    const object = this.#find(at);
    return object && infoOf(at.bucket, object);
  }

  async *list(at: { bucket: string; prefix: string; startAfter?: string }): AsyncIterable<ObjectInfo> {
    const objects = this.#buckets.get(at.bucket);
    if (!objects) return;
    const floor = at.startAfter === undefined ? undefined : Buffer.from(at.startAfter);
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(at.prefix))
      .map((key) => ({ key, bytes: Buffer.from(key) }))
      .filter(({ bytes }) => floor === undefined || Buffer.compare(bytes, floor) > 0)
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    for (const { key } of keys) {
      const object = objects.get(key);
      if (object) yield infoOf(at.bucket, object);
    }
  }

  async read(at: ObjectRef, options: { ifMatch?: string } = {}): Promise<AsyncIterable<Uint8Array>> {
    const object = this.#find(at);
    if (!object) throw new LoadError('object-gone', `there is no object ${urlOf(at)}`, { class: 'gone' });
    if (options.ifMatch !== undefined && options.ifMatch !== object.etag) {
      const message = `${urlOf(at)} has the ETag ${object.etag}, not ${options.ifMatch}: it was rewritten`;
      throw new LoadError('object-changed', message, { class: 'gone' });
    }
    return chunksOf(object.bytes);
  }

  async write(
    at: ObjectRef,
    body: Uint8Array | string | AsyncIterable<Uint8Array>,
    options: { ifAbsent?: boolean } = {},
  ): Promise<ObjectInfo | undefined> {
    const bytes = await bytesOf(body);
    // From here to the end without an await: of many writers with `ifAbsent`, one finds the key free.
    if (options.ifAbsent && this.#find(at)) return undefined;
    return infoOf(at.bucket, this.#put(at, bytes));
  }

  async copy(from: ObjectRef, to: ObjectRef, options: { ifMatch: string }): Promise<ConditionalOutcome> {
    const object = this.#find(from);
    if (!object) return 'gone';
    if (object.etag !== options.ifMatch) return 'changed';
    this.#put(to, object.bytes);
    return 'done';
  }

  async delete(at: ObjectRef, options: { ifMatch: string }): Promise<ConditionalOutcome> {
    const object = this.#find(at);
    if (!object) return 'gone';
    if (object.etag !== options.ifMatch) return 'changed';
    this.#buckets.get(at.bucket)?.delete(at.key);
    return 'done';
  }

  async tag(
    at: ObjectRef,
    tags: Readonly<Record<string, string>>,
    options: { ifMatch: string },
  ): Promise<ConditionalOutcome> {
    const object = this.#find(at);
    if (!object) return 'gone';
    if (object.etag !== options.ifMatch) return 'changed';
    this.#buckets.get(at.bucket)?.set(at.key, { ...object, tags: { ...object.tags, ...tags } });
    return 'done';
  }

  /** The tags of an object; none when it has none or is not there. */
  async tagsOf(at: ObjectRef): Promise<Readonly<Record<string, string>>> {
    return { ...this.#find(at)?.tags };
  }

  #find({ bucket, key }: ObjectRef): StoredObject | undefined {
    return this.#buckets.get(bucket)?.get(key);
  }

  #put({ bucket, key }: ObjectRef, bytes: Uint8Array): StoredObject {
    const etag = createHash('md5').update(bytes).digest('hex');
    const object: StoredObject = { key, bytes, etag, lastModifiedAt: this.#now(), tags: {} };
    const objects = this.#buckets.get(bucket) ?? new Map<string, StoredObject>();
    this.#buckets.set(bucket, objects.set(key, object));
    return object;
  }
}

function infoOf(bucket: string, { key, bytes, etag, lastModifiedAt }: StoredObject): ObjectInfo {
  return { bucket, key, etag, size: bytes.length, lastModifiedAt };
}

/** A copy of the body's bytes, whatever form it came in. */
async function bytesOf(body: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (body instanceof Uint8Array) return Uint8Array.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

async function* chunksOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    yield Uint8Array.from(bytes.subarray(from, from + CHUNK_BYTES));
  }
}
