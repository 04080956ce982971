import { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { LoadError, type ObjectRef, urlOf } from '@millrace/core';
import { toStoreError } from './s3-errors.ts';

/** The bytes of a reply to GetObject; a connection that breaks, or ends early, throws a transient LoadError. */
export function readBody(at: ObjectRef, reply: GetObjectCommandOutput): AsyncIterable<Uint8Array> {
  const { Body: body, ContentLength: length } = reply;
  if (!(body instanceof Readable)) {
    throw new Error('broken invariant: under Node, the body of an S3 reply is a stream');
  }
  return checkedChunks(at, body, length);
}

async function* checkedChunks(
  at: ObjectRef,
  body: Readable,
  length: number | undefined,
): AsyncIterable<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    throw toStoreError(cause, 'read', at);
  }
  if (length !== undefined && size !== length) {
    throw new LoadError('object-cut', `${urlOf(at)} ended after ${size} of ${length} bytes`, {
      class: 'transient',
    });
  }
}
