import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompleteMultipartUploadCommandOutput,
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  type S3Client,
  type _Object as StoredObject,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import {
  type ConditionalOutcome,
  decodeFormKey,
  type EpochMs,
  type LoadError,
  type ObjectInfo,
  type ObjectRef,
  type ObjectStore,
  urlOf,
} from '@millrace/core';
import { addTags } from './add-tags.ts';
import { copyInParts, copySourceOf } from './copy-in-parts.ts';
import { headAll, type ListedPage } from './head-all.ts';
import { readBody } from './read-body.ts';
import {
  isConflict,
  isGone,
  isPreconditionFailure,
  isTooLargeToCopy,
  missingBucket,
  toStoreError,
} from './s3-errors.ts';
import { toUploadBody } from './upload-body.ts';

const MIB = 1024 * 1024;

/** Bodies above this go up in parts of this size, four at once: 80 GB is the largest object that can be written. */
const PART_BYTES = 8 * MIB;
const CONCURRENT_PARTS = 4;
/** Copying in parts moves no bytes through this process, so parts are large: fewer requests. */
const COPY_PART_BYTES = 512 * MIB;
/** Metadata of objects that were written where nothing was: which write it was. */
const WRITE_MARK = 'millrace-write';
/** How often a request is sent again that met another conditional one for its key. */
const MAX_CONFLICTS = 6;
const CONFLICT_PAUSE_MS = 50;

export interface S3ObjectStoreOptions {
  /** Parts of copies above 5 GB, in bytes; at least 5 MiB on S3. */
  readonly copyPartBytes?: number;
  /** Clock for `lastModifiedAt` of what was just written: S3's answer to a write does not tell it. */
  readonly now?: () => EpochMs;
}

/**
 * Objects in Amazon S3, or in anything that speaks its API.
 *
 * Conditions are S3's own (If-Match, If-None-Match, copy-source-if-match), decided in one request: no race between a
 * look and an act, but for `tag`, for which S3 knows no condition. The client's retries apply below; what is left of
 * errors is classified by `s3-errors.ts`.
 *
 * Rights needed: s3:GetObject, s3:PutObject, s3:ListBucket, s3:AbortMultipartUpload; for done actions s3:DeleteObject,
 * s3:GetObjectTagging and s3:PutObjectTagging (copies carry tags along).
 */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #copyPartBytes: number;
  readonly #now: () => EpochMs;
  /** Buckets that are there. HEAD says 404 for a missing object and for a missing bucket alike. */
  readonly #knownBuckets = new Set<string>();

  constructor(client: S3Client, options: S3ObjectStoreOptions = {}) {
    this.#client = client;
    this.#copyPartBytes = options.copyPartBytes ?? COPY_PART_BYTES;
    this.#now = options.now ?? Date.now;
  }

  /** @throws LoadError `bucket-missing`, `store-denied` … also when it is the bucket that is not there. */
  async head(at: ObjectRef): Promise<ObjectInfo | undefined> {
    const head = await this.#head(at);
    return head && infoOf(at, head);
  }

  async headAll(bucket: string, keys: readonly string[]): Promise<ReadonlyMap<string, ObjectInfo>> {
    return headAll(keys, {
      list: (from) => this.#listPage(bucket, from),
      head: (key) => this.head({ bucket, key }),
    });
  }

  async *list(at: { bucket: string; prefix: string; startAfter?: string }): AsyncIterable<ObjectInfo> {
    const { bucket, prefix, startAfter } = at;
    const pages = paginateListObjectsV2(
      { client: this.#client, pageSize: 1_000 },
      {
        Bucket: bucket,
        Prefix: prefix,
        // Keys may hold characters that XML has not.
        EncodingType: 'url',
        ...(startAfter === undefined ? {} : { StartAfter: startAfter }),
      },
    );
    try {
      for await (const { Contents = [], EncodingType } of pages) {
        this.#knownBuckets.add(bucket);
        for (const stored of Contents) yield listedInfo(bucket, stored, EncodingType);
      }
    } catch (cause) {
      throw toStoreError(cause, 'list', { bucket, key: prefix });
    }
  }

  /** The reply's body: read it to its end or leave the loop, else its connection stays taken. */
  async read(at: ObjectRef, options: { ifMatch?: string } = {}): Promise<AsyncIterable<Uint8Array>> {
    const { ifMatch } = options;
    const condition = ifMatch === undefined ? {} : { IfMatch: quoted(ifMatch) };
    try {
      const reply = await this.#client.send(new GetObjectCommand({ ...nameOf(at), ...condition }));
      return readBody(at, reply);
    } catch (cause) {
      throw toStoreError(cause, 'read', at);
    }
  }

  /** `lastModifiedAt` is this machine's clock. Above 8 MiB it is a multipart upload, aborted when the body fails. */
  async write(
    at: ObjectRef,
    body: Uint8Array | string | AsyncIterable<Uint8Array>,
    options: { ifAbsent?: boolean; metadata?: Readonly<Record<string, string>> } = {},
  ): Promise<ObjectInfo | undefined> {
    const upload = await toUploadBody(body, PART_BYTES);
    // The mark tells this write from others: sent again after a lost reply, it finds its own object in its way.
    const mark = randomUUID();
    const { ifAbsent, metadata } = options;
    const condition = ifAbsent
      ? { IfNoneMatch: '*', Metadata: { ...metadata, [WRITE_MARK]: mark } }
      : { ...(metadata === undefined ? {} : { Metadata: { ...metadata } }) };
    let written: { ETag?: string | undefined; VersionId?: string | undefined };
    try {
      const params = { ...nameOf(at), ...condition };
      written =
        upload.kind === 'whole'
          ? await this.#decided(() =>
              this.#client.send(new PutObjectCommand({ ...params, Body: upload.bytes })),
            )
          : await this.#upload({ ...params, Body: upload.stream });
    } catch (cause) {
      if (options.ifAbsent && isPreconditionFailure(cause)) {
        const head = await this.#head(at);
        return head?.Metadata?.[WRITE_MARK] === mark ? infoOf(at, head) : undefined;
      }
      throw upload.brokenBy() ?? toStoreError(cause, 'write', at);
    }
    return {
      ...at,
      etag: unquoted(written.ETag ?? ''),
      size: upload.size(),
      lastModifiedAt: this.#now(),
      ...versionOf(written.VersionId),
    };
  }

  async copy(from: ObjectRef, to: ObjectRef, options: { ifMatch: string }): Promise<ConditionalOutcome> {
    const etag = quoted(options.ifMatch);
    try {
      await this.#client.send(
        new CopyObjectCommand({
          ...nameOf(to),
          CopySource: copySourceOf(from),
          CopySourceIfMatch: etag,
        }),
      );
      return 'done';
    } catch (cause) {
      if (isTooLargeToCopy(cause)) return this.#copyInParts(from, to, etag);
      return unmetCondition(cause) ?? raise(toStoreError(cause, `copy to ${urlOf(to)} from`, from));
    }
  }

  async delete(at: ObjectRef, options: { ifMatch: string }): Promise<ConditionalOutcome> {
    const command = { ...nameOf(at), IfMatch: quoted(options.ifMatch) };
    try {
      await this.#decided(() => this.#client.send(new DeleteObjectCommand(command)));
      return 'done';
    } catch (cause) {
      return unmetCondition(cause) ?? raise(toStoreError(cause, 'delete', at));
    }
  }

  /**
   * S3 has no condition for tags: between the look at the ETag and the writing an object may be rewritten, and is
   * tagged in its place. In a versioned bucket the tags go to the version that has the ETag.
   */
  async tag(
    at: ObjectRef,
    tags: Readonly<Record<string, string>>,
    options: { ifMatch: string },
  ): Promise<ConditionalOutcome> {
    const head = await this.#head(at);
    if (head === undefined) return 'gone';
    if (unquoted(head.ETag ?? '') !== options.ifMatch) return 'changed';
    const { versionId } = versionOf(head.VersionId);
    const object = { ...nameOf(at), ...(versionId === undefined ? {} : { VersionId: versionId }) };
    try {
      await addTags(this.#client, object, tags);
      return 'done';
    } catch (cause) {
      return unmetCondition(cause) ?? raise(toStoreError(cause, 'tag', at));
    }
  }

  async #listPage(
    bucket: string,
    { prefix, startAfter }: { prefix: string; startAfter: string },
  ): Promise<ListedPage> {
    try {
      const {
        Contents = [],
        EncodingType,
        IsTruncated,
      } = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          StartAfter: startAfter,
          EncodingType: 'url',
        }),
      );
      this.#knownBuckets.add(bucket);
      return {
        objects: Contents.map((stored) => listedInfo(bucket, stored, EncodingType)),
        isLast: IsTruncated !== true,
      };
    } catch (cause) {
      throw toStoreError(cause, 'list', { bucket, key: prefix });
    }
  }

  async #head(at: ObjectRef): Promise<HeadObjectCommandOutput | undefined> {
    try {
      const head = await this.#client.send(new HeadObjectCommand(nameOf(at)));
      this.#knownBuckets.add(at.bucket);
      return head;
    } catch (cause) {
      if (!isGone(cause)) throw toStoreError(cause, 'look at', at);
      await this.#requireBucket(at.bucket);
      return undefined;
    }
  }

  /** A bucket that is misnamed must not look like one whose objects are gone: their files would be put aside. */
  async #requireBucket(bucket: string): Promise<void> {
    if (this.#knownBuckets.has(bucket)) return;
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: bucket }));
      this.#knownBuckets.add(bucket);
    } catch (cause) {
      throw isGone(cause)
        ? missingBucket(bucket, cause)
        : toStoreError(cause, 'look at', { bucket, key: '' });
    }
  }

  async #upload(params: PutObjectCommandInput): Promise<CompleteMultipartUploadCommandOutput> {
    const upload = new Upload({
      client: this.#client,
      params,
      partSize: PART_BYTES,
      queueSize: CONCURRENT_PARTS,
      leavePartsOnError: false,
    });
    return upload.done();
  }

  async #copyInParts(from: ObjectRef, to: ObjectRef, etag: string): Promise<ConditionalOutcome> {
    const head = await this.#head(from);
    if (head === undefined) return 'gone';
    if (head.ETag !== etag) return 'changed';
    try {
      await copyInParts(this.#client, { from, to, etag, head, partBytes: this.#copyPartBytes });
      return 'done';
    } catch (cause) {
      return unmetCondition(cause) ?? raise(toStoreError(cause, 'copy in parts', from));
    }
  }

  /** Sends again what S3 has left undecided because another conditional request for the key was under way. */
  async #decided<Reply>(send: () => Promise<Reply>): Promise<Reply> {
    for (let conflict = 1; ; conflict += 1) {
      try {
        return await send();
      } catch (cause) {
        if (!isConflict(cause) || conflict >= MAX_CONFLICTS) throw cause;
        await sleep(CONFLICT_PAUSE_MS * conflict);
      }
    }
  }
}

function nameOf({ bucket, key }: ObjectRef): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: key };
}

function listedInfo(
  bucket: string,
  { Key = '', ETag = '', Size = 0, LastModified }: StoredObject,
  encoding: string | undefined,
): ObjectInfo {
  return {
    bucket,
    key: encoding === 'url' ? decodeFormKey(Key) : Key,
    etag: unquoted(ETag),
    size: Size,
    lastModifiedAt: LastModified?.getTime() ?? 0,
  };
}

function infoOf(at: ObjectRef, head: HeadObjectCommandOutput): ObjectInfo {
  return {
    bucket: at.bucket,
    key: at.key,
    etag: unquoted(head.ETag ?? ''),
    size: head.ContentLength ?? 0,
    lastModifiedAt: head.LastModified?.getTime() ?? 0,
    ...versionOf(head.VersionId),
  };
}

/** `null` is what objects from before versioning have for a version. */
function versionOf(id: string | undefined): { versionId?: string } {
  return id === undefined || id === 'null' ? {} : { versionId: id };
}

function unmetCondition(cause: unknown): ConditionalOutcome | undefined {
  if (isPreconditionFailure(cause)) return 'changed';
  return isGone(cause) ? 'gone' : undefined;
}

function raise(error: LoadError): never {
  throw error;
}

function quoted(etag: string): string {
  return `"${etag}"`;
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/u, '$1');
}
