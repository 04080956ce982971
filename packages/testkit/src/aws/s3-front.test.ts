import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { readNotification } from '@millrace/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CreatedObject } from './created-object.ts';
import { EmulatedS3AndSqs } from './emulated-s3-and-sqs.ts';
import { intoQueue, NotificationDeliverer } from './notification-deliverer.ts';
import { S3Front } from './s3-front.ts';

const Bucket = 'lake';

let aws: EmulatedS3AndSqs;
let front: S3Front;
let s3: S3Client;
let created: CreatedObject[] = [];

beforeAll(async () => {
  aws = await EmulatedS3AndSqs.start();
  aws.createBucket(Bucket);
  front = await S3Front.start({ upstream: aws.url, onObjectCreated: (object) => created.push(object) });
  s3 = aws.s3(front.url, { maxAttempts: 1 });
});

beforeEach(() => {
  created = [];
});

afterAll(async () => {
  await front.close();
  await aws.close();
});

async function put(Key: string, Body: string, condition: { IfMatch?: string; IfNoneMatch?: string } = {}) {
  return s3.send(new PutObjectCommand({ Bucket, Key, Body, ...condition }));
}

describe('S3Front', () => {
  it('holds writes and deletes to their conditions', async () => {
    const { ETag = '' } = await put('a', 'first', { IfNoneMatch: '*' });
    const unmet = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } };
    await expect(put('a', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject(unmet);
    await expect(put('a', 'second', { IfMatch: '"other"' })).rejects.toMatchObject(unmet);
    await expect(put('nothing', 'x', { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey' });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    expect(await Body?.transformToString()).toBe('first');
    await expect(
      s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', IfMatch: '"other"' })),
    ).rejects.toMatchObject(unmet);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', IfMatch: ETag }));
    await expect(s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', IfMatch: ETag }))).rejects.toMatchObject(
      {
        name: 'NoSuchKey',
      },
    );
  });

  it('keeps tags beside the object, carries them with a copy, and drops them with a rewrite', async () => {
    const TagSet = [{ Key: 'a&b', Value: '<1>' }];
    await put('tagged', 'x');
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging: { TagSet } }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/tagged` }));
    for (const Key of ['tagged', 'copy']) {
      expect(await s3.send(new GetObjectTaggingCommand({ Bucket, Key }))).toMatchObject({ TagSet });
    }
    expect(front.tagsOf({ bucket: Bucket, key: 'copy' })).toEqual({ 'a&b': '<1>' });
    await put('tagged', 'y');
    expect(front.tagsOf({ bucket: Bucket, key: 'tagged' })).toEqual({});
  });

  it('lists in the order of bytes', async () => {
    for (const key of ['o/\u{1F600}', 'o/\uFF5E', 'o/a', 'o/Z']) await put(key, 'x');
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'o/' }));
    expect(Contents.map(({ Key }) => Key)).toEqual(['o/Z', 'o/a', 'o/\uFF5E', 'o/\u{1F600}']);
  });

  it('says clearly that a body is longer than the emulator takes', async () => {
    await expect(put('large', 'x'.repeat(12 * 1024 * 1024))).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('upload in parts'),
    });
  });

  it('tells of what came to be, and of nothing else', async () => {
    await put('n/a b+.csv', 'abc');
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'n/copy', CopySource: `${Bucket}/n/a%20b%2B.csv` }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'n/copy' }));
    await expect(put('n/a b+.csv', 'abc', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    expect(created).toMatchObject([
      { eventName: 'ObjectCreated:Put', bucket: Bucket, key: 'n/a b+.csv', size: 3 },
      { eventName: 'ObjectCreated:Copy', bucket: Bucket, key: 'n/copy', size: 3 },
    ]);
    const [first, second] = created;
    expect((first?.sequencer ?? '') < (second?.sequencer ?? '')).toBe(true);
  });

  it('has its word delivered into a queue', async () => {
    const queueUrl = aws.createQueue('notifications');
    const deliverer = new NotificationDeliverer(intoQueue(aws.sqs(), queueUrl), {
      seed: 1,
      wrappings: ['sns'],
    });
    const { ETag = '' } = await put('q/ü.csv', 'abc');
    for (const object of created) deliverer.take(object);
    expect(await deliverer.deliver()).toEqual({ delivered: 1, late: 0, lost: 0 });
    const { Messages = [] } = await aws.sqs().send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
    expect(readNotification(Messages[0]?.Body).objects).toMatchObject([
      { bucket: Bucket, key: 'q/ü.csv', etag: ETag.replaceAll('"', ''), size: 3 },
    ]);
  });
});
