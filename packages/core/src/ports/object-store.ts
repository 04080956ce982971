import type { EpochMs } from './time.ts';

/** Where an object is: a bucket and a decoded key. */
export interface ObjectRef {
  readonly bucket: string;
  readonly key: string;
}

/** What a store tells of an object without its bytes. */
export interface ObjectInfo extends ObjectRef {
  /** Unquoted. S3's ETag; in a directory a hash of the content. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly lastModifiedAt: EpochMs;
  readonly versionId?: string;
}

/** How a conditional copy or delete ended. `changed`: the object is there, with another ETag; it was left alone. */
export type ConditionalOutcome = 'done' | 'changed' | 'gone';

/**
 * The object store: S3, or a directory that plays it.
 *
 * Reads after a write of the same process see the write. An object is replaced as a whole: a reader sees the old
 * bytes or the new ones, never a mixture.
 */
export interface ObjectStore {
  /** `undefined` when there is no such object. */
  head(at: ObjectRef): Promise<ObjectInfo | undefined>;
  /**
   * Those of several objects of a bucket that are there, by key. Offered by a store in which this takes fewer requests
   * than a `head` each. `versionId` may be missing.
   */
  headAll?(bucket: string, keys: readonly string[]): Promise<ReadonlyMap<string, ObjectInfo>>;
  /** All objects below `prefix`, ordered by the UTF-8 bytes of their keys, beginning after the key `startAfter`. */
  list(at: { bucket: string; prefix: string; startAfter?: string }): AsyncIterable<ObjectInfo>;
  /**
   * The bytes of an object, in chunks.
   *
   * @throws LoadError `object-gone` when it is not there, `object-changed` when `ifMatch` is given and it has another ETag.
   */
  read(at: ObjectRef, options?: { ifMatch?: string }): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Durable when the promise resolves. With `ifAbsent`, an object that is there already is left alone and `undefined` returned.
   *
   * @param options `metadata`: texts of ASCII, some 2,000 bytes in all, that stay with the object for people and other
   * programs. A store that has no place for them leaves them out.
   */
  write(
    at: ObjectRef,
    body: Uint8Array | string | AsyncIterable<Uint8Array>,
    options?: { ifAbsent?: boolean; metadata?: Readonly<Record<string, string>> },
  ): Promise<ObjectInfo | undefined>;
  /** Copies the bytes that have `ifMatch` as ETag. An object at `to` is replaced. */
  copy(from: ObjectRef, to: ObjectRef, options: { ifMatch: string }): Promise<ConditionalOutcome>;
  /** Deletes the object while it has `ifMatch` as ETag. */
  delete(at: ObjectRef, options: { ifMatch: string }): Promise<ConditionalOutcome>;
  /** Adds tags to the object's; those of the same name are replaced, others, which are not ours, stay. Bytes and ETag stay as they are. */
  tag(
    at: ObjectRef,
    tags: Readonly<Record<string, string>>,
    options: { ifMatch: string },
  ): Promise<ConditionalOutcome>;
  /** The path of a file with the object's bytes, where the store has one (a directory): lets an engine read it in place. */
  localPath?(at: ObjectRef): string;
}
