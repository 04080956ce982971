import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type HeadObjectCommandOutput,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { ObjectRef } from '@millrace/core';

/** S3 takes at most this many parts per object. */
const MAX_PARTS = 10_000;
const CONCURRENT_PARTS = 8;

/** How an object is named as the source of a copy: percent-encoded, but for the slashes. */
export function copySourceOf({ bucket, key }: ObjectRef): string {
  return `${bucket}/${key}`.split('/').map(encodeURIComponent).join('/');
}

/**
 * Copies an object within S3 part by part, each on the condition that the source still has the ETag: the way for
 * objects that one request may not copy. What belongs to the object (type, encoding, metadata) is carried along, as
 * a plain copy would; tags are not.
 *
 * Throws S3's own errors. A copy that fails leaves nothing at `to`.
 */
export async function copyInParts(
  client: S3Client,
  {
    from,
    to,
    etag,
    head,
    partBytes,
  }: { from: ObjectRef; to: ObjectRef; etag: string; head: HeadObjectCommandOutput; partBytes: number },
): Promise<void> {
  const target = { Bucket: to.bucket, Key: to.key };
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ ...target, ...carriedFrom(head) }),
  );
  const upload = { ...target, UploadId };
  try {
    const ranges = rangesOf(head.ContentLength ?? 0, partBytes);
    const etags: string[] = [];
    for (let at = 0; at < ranges.length; at += CONCURRENT_PARTS) {
      const copied = await Promise.all(
        ranges.slice(at, at + CONCURRENT_PARTS).map((range, index) =>
          client.send(
            new UploadPartCopyCommand({
              ...upload,
              PartNumber: at + index + 1,
              CopySource: copySourceOf(from),
              CopySourceRange: range,
              CopySourceIfMatch: etag,
            }),
          ),
        ),
      );
      etags.push(...copied.map(({ CopyPartResult }) => CopyPartResult?.ETag ?? ''));
    }
    const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  } catch (error) {
    // Parts of an upload that nobody completes are billed until somebody aborts it.
    await client.send(new AbortMultipartUploadCommand(upload));
    throw error;
  }
}

function rangesOf(size: number, partBytes: number): string[] {
  const step = Math.max(partBytes, Math.ceil(size / MAX_PARTS));
  const ranges: string[] = [];
  for (let from = 0; from < size; from += step) {
    ranges.push(`bytes=${from}-${Math.min(from + step, size) - 1}`);
  }
  return ranges;
}

function carriedFrom(head: HeadObjectCommandOutput): Partial<HeadObjectCommandOutput> {
  const { ContentType, ContentEncoding, ContentDisposition, ContentLanguage, CacheControl, Metadata } = head;
  return { ContentType, ContentEncoding, ContentDisposition, ContentLanguage, CacheControl, Metadata };
}
