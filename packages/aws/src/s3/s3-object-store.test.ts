import { randomBytes } from 'node:crypto';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { objectStoreContract } from '@millrace/testkit';
import { clientConfigOf, EmulatedS3AndSqs, S3Front } from '@millrace/testkit/aws';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { S3ObjectStore } from './s3-object-store.ts';

const MIB = 1024 * 1024;

let aws: EmulatedS3AndSqs;
let front: S3Front;
let client: S3Client;
let opened = 0;

beforeAll(async () => {
  aws = await EmulatedS3AndSqs.start();
  front = await S3Front.start({ upstream: aws.url, maxCopyBytes: 12 * MIB });
  client = aws.s3(front.url);
});

afterAll(async () => {
  await front.close();
  await aws.close();
});

function newBucket(): string {
  opened += 1;
  const bucket = `bucket-${opened}`;
  aws.createBucket(bucket);
  return bucket;
}

objectStoreContract('S3ObjectStore', async () => ({
  port: new S3ObjectStore(client),
  bucket: newBucket(),
  tagsOf: async (at) => front.tagsOf(at),
}));

const NO_CONDITIONS = 'fauxqs ignores conditions on writes, copies and deletes';

it('keeps metadata with an object, also one that must not be there yet', async () => {
  const [store, bucket] = [new S3ObjectStore(client), newBucket()];
  const metadata = { 'millrace-target': 'public.views', 'millrace-columns': 'id,url' };
  await store.write({ bucket, key: 'plain' }, 'x', { metadata });
  await store.write({ bucket, key: 'absent' }, 'x', { metadata, ifAbsent: true });
  for (const key of ['plain', 'absent']) {
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    expect(head.Metadata).toMatchObject(metadata);
  }
});
const NO_BYTE_ORDER = 'fauxqs lists in the order of a language';

objectStoreContract(
  'S3ObjectStore on an emulator without a front',
  async () => ({ port: new S3ObjectStore(aws.s3()), bucket: newBucket() }),
  {
    missing: {
      'writes with ifAbsent only where nothing is': NO_CONDITIONS,
      'lets exactly one of 20 writers with ifAbsent win, with its own bytes': NO_CONDITIONS,
      'says changed and touches nothing when the object has another ETag': NO_CONDITIONS,
      'says gone when there is no object': NO_CONDITIONS,
      'orders by the UTF-8 bytes of the whole key, folders or not': NO_BYTE_ORDER,
      'keeps keys as they are: blanks, +, %, quotes, unicode in either normal form': NO_BYTE_ORDER,
      'adds tags, leaves those of others, and bytes and ETag as they are': 'fauxqs takes tags for the object',
    },
  },
);

describe('S3ObjectStore', () => {
  let store: S3ObjectStore;
  let bucket: string;

  beforeEach(() => {
    store = new S3ObjectStore(client);
    bucket = newBucket();
  });

  async function readAll(key: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await store.read({ bucket, key })) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.alloc(chunkBytes);
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const chunk = bytes.subarray(at, at + chunkBytes);
      buffer.set(chunk);
      yield buffer.subarray(0, chunk.length);
    }
  }

  describe('bodies above 8 MiB', () => {
    it('go up in parts, from bytes and from chunks in one buffer, and come back as they were', async () => {
      const bytes = randomBytes(17 * MIB + 3);
      const fromBytes = await store.write({ bucket, key: 'bytes' }, bytes);
      const fromChunks = await store.write({ bucket, key: 'chunks' }, inChunks(bytes, 300_007));
      for (const [key, written] of [
        ['bytes', fromBytes],
        ['chunks', fromChunks],
      ] as const) {
        expect(written).toMatchObject({
          size: bytes.length,
          etag: expect.stringMatching(/^[0-9a-f]{32}-3$/u),
        });
        expect(await store.head({ bucket, key })).toMatchObject({ size: bytes.length, etag: written?.etag });
        expect((await readAll(key)).equals(bytes)).toBe(true);
      }
    });

    it('leave neither object nor parts when the source breaks, and throw what it threw', async () => {
      let isLetGo = false;
      async function* breaking(): AsyncGenerator<Uint8Array> {
        try {
          for (let sent = 0; sent < 20; sent += 1) yield Buffer.alloc(MIB);
          throw new Error('the source broke');
        } finally {
          isLetGo = true;
        }
      }
      const aborts = front.counts.get('DELETE object') ?? 0;
      await expect(store.write({ bucket, key: 'a' }, breaking())).rejects.toThrow(/^the source broke$/u);
      expect(isLetGo).toBe(true);
      expect(front.counts.get('DELETE object')).toBe(aborts + 1);
      expect(await store.head({ bucket, key: 'a' })).toBeUndefined();
    });

    it('are written with ifAbsent only where nothing is', async () => {
      const body = Buffer.alloc(9 * MIB);
      expect(await store.write({ bucket, key: 'a' }, body, { ifAbsent: true })).toMatchObject({
        size: 9 * MIB,
      });
      expect(
        await store.write({ bucket, key: 'a' }, Buffer.alloc(10 * MIB), { ifAbsent: true }),
      ).toBeUndefined();
      expect((await store.head({ bucket, key: 'a' }))?.size).toBe(9 * MIB);
    });
  });

  it('copies what S3 will not copy in one request part by part, with its metadata', async () => {
    const bytes = randomBytes(13 * MIB);
    const inParts = new S3ObjectStore(client, { copyPartBytes: 5 * MIB });
    const from = { bucket, key: 'in/a b.csv.gz' };
    const to = { bucket, key: 'processed/a b.csv.gz' };
    const told = { Metadata: { origin: 'till 7' }, ContentEncoding: 'gzip', ContentType: 'text/csv' };
    const params = { Bucket: bucket, Key: from.key, Body: bytes, ...told };
    await new Upload({ client, params }).done();
    const ifMatch = (await store.head(from))?.etag ?? '';
    expect(await inParts.copy(from, to, { ifMatch: 'other' })).toBe('changed');
    expect(await inParts.copy(from, to, { ifMatch })).toBe('done');
    expect((await readAll(to.key)).equals(bytes)).toBe(true);
    expect(await client.send(new HeadObjectCommand({ Bucket: bucket, Key: to.key }))).toMatchObject(told);
    expect((await store.head(to))?.etag).toMatch(/-3$/u);
  });

  it('lists and keeps keys with characters that XML has not', async () => {
    const key = 'in/\u0001\u001F\uFFFD&<>.csv';
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
    const keys: string[] = [];
    for await (const object of store.list({ bucket, prefix: 'in/' })) keys.push(object.key);
    expect(keys).toEqual([key]);
    expect(await store.head({ bucket, key })).toMatchObject({ key, size: 1 });
  });

  it('sends again what S3 left undecided because two conditional requests met', async () => {
    const conflict = { status: 409, code: 'ConditionalRequestConflict' };
    front.failNext([conflict, conflict]);
    const written = await store.write({ bucket, key: 'a' }, 'x', { ifAbsent: true });
    expect(written).toMatchObject({ size: 1 });
    front.failNext([conflict]);
    expect(await store.delete({ bucket, key: 'a' }, { ifMatch: written?.etag ?? '' })).toBe('done');
    front.failNext(Array.from({ length: 6 }, () => conflict));
    await expect(store.write({ bucket, key: 'a' }, 'x', { ifAbsent: true })).rejects.toMatchObject({
      code: 'object-contended',
      class: 'transient',
    });
  });

  it('knows its own object again when the reply to a write with ifAbsent was lost', async () => {
    const unlucky = aws.s3(front.url);
    let isLost = true;
    unlucky.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        if (!isLost) return result;
        isLost = false;
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
      },
      // Within the client's retries.
      { step: 'finalizeRequest', priority: 'low' },
    );
    const own = await new S3ObjectStore(unlucky).write({ bucket, key: 'a' }, 'mine', { ifAbsent: true });
    expect(own).toMatchObject({ size: 4, etag: (await store.head({ bucket, key: 'a' }))?.etag });
    isLost = true;
    const late = await new S3ObjectStore(unlucky).write({ bucket, key: 'a' }, 'late', { ifAbsent: true });
    expect(late).toBeUndefined();
    expect((await readAll('a')).toString()).toBe('mine');
  });

  it('looks at many objects by a listing, and tells the same of them as a look at each', async () => {
    const keys = Array.from({ length: 40 }, (_, at) => `in/a b+${at % 7}/\u{1F600}-${at}.csv`);
    for (const key of keys.slice(5)) await store.write({ bucket, key }, `bytes of ${key}`);
    const found = await store.headAll(bucket, keys);
    expect([...found.keys()].sort()).toEqual(keys.slice(5).sort());
    for (const { lastModifiedAt, ...info } of found.values()) {
      const head = await store.head(info);
      expect(head).toMatchObject(info);
      // A HEAD tells it in whole seconds.
      expect(Math.abs(lastModifiedAt - (head?.lastModifiedAt ?? 0))).toBeLessThan(1_000);
    }
    await expect(store.headAll('nowhere', keys)).rejects.toMatchObject({ code: 'bucket-missing' });
  });

  it('does not take a bucket that is not there for one whose objects are gone', async () => {
    const missing = { code: 'bucket-missing', class: 'config' };
    const at = { bucket: 'nowhere', key: 'a' };
    await expect(store.head(at)).rejects.toMatchObject(missing);
    await expect(store.read(at)).rejects.toMatchObject(missing);
    await expect(store.write(at, 'x')).rejects.toMatchObject(missing);
    await expect(
      store.list({ bucket: 'nowhere', prefix: '' })[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject(missing);
  });
});

describe('errors of S3', () => {
  it.each([
    [
      { status: 503, code: 'SlowDown' },
      { code: 'store-unavailable', class: 'transient' },
    ],
    [
      { status: 500, code: 'InternalError' },
      { code: 'store-unavailable', class: 'transient' },
    ],
    [
      { status: 400, code: 'RequestTimeout' },
      { code: 'aws-timeout', class: 'transient' },
    ],
    [
      { status: 403, code: 'AccessDenied' },
      { code: 'store-denied', class: 'config' },
    ],
    [
      { status: 403, code: 'SignatureDoesNotMatch' },
      { code: 'aws-credentials', class: 'config' },
    ],
    [
      { status: 404, code: 'NoSuchBucket' },
      { code: 'bucket-missing', class: 'config' },
    ],
    [
      { status: 404, code: 'NoSuchKey' },
      { code: 'object-gone', class: 'gone' },
    ],
    [
      { status: 412, code: 'PreconditionFailed' },
      { code: 'object-changed', class: 'gone' },
    ],
    [
      { status: 403, code: 'InvalidObjectState' },
      { code: 'object-archived', class: 'config' },
    ],
    [
      { status: 400, code: 'Nonsense' },
      { code: 'store-refused', class: 'config' },
    ],
  ])('%o means %o', async (fault, meaning) => {
    const once = aws.s3(front.url, { maxAttempts: 1 });
    front.failNext([fault]);
    await expect(new S3ObjectStore(once).read({ bucket: 'b', key: 'k' })).rejects.toMatchObject({
      ...meaning,
      message: expect.stringContaining(`S3 could not read s3://b/k: ${fault.code}`),
    });
  });

  it.each([
    [301, { code: 'bucket-elsewhere', class: 'config' }],
    [400, { code: 'store-refused', class: 'config' }],
    [403, { code: 'store-denied', class: 'config' }],
    [405, { code: 'aws-refused', class: 'usage' }],
    [500, { code: 'aws-unavailable', class: 'transient' }],
    [503, { code: 'aws-unavailable', class: 'transient' }],
  ])('are told apart by the status %i alone when the answer has no body', async (status, meaning) => {
    const once = aws.s3(front.url, { maxAttempts: 1 });
    front.failNext([{ status, code: 'Unseen' }]);
    await expect(new S3ObjectStore(once).head({ bucket: 'b', key: 'k' })).rejects.toMatchObject({
      ...meaning,
      message: `S3 could not look at s3://b/k: HTTP ${status}`,
    });
  });

  it('are the settings of the client when a call never leaves the process', async () => {
    await expect(new S3ObjectStore(client).head({ bucket: '', key: '' })).rejects.toMatchObject({
      code: 'aws-call',
      class: 'config',
    });
  });

  it('are transient when nobody answers', async () => {
    const nobody = new S3Client({
      ...clientConfigOf('http://127.0.0.1:1'),
      forcePathStyle: true,
      maxAttempts: 1,
    });
    await expect(new S3ObjectStore(nobody).head({ bucket: 'b', key: 'k' })).rejects.toMatchObject({
      code: 'aws-unreachable',
      class: 'transient',
    });
    nobody.destroy();
  });
});
