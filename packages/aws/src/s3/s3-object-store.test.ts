import { objectStoreContract } from '@millrace/testkit';
import { EmulatedS3AndSqs } from '@millrace/testkit/aws';
import { afterAll, beforeAll } from 'vitest';
import { S3ObjectStore } from './s3-object-store.ts';

let aws: EmulatedS3AndSqs;
let opened = 0;

beforeAll(async () => {
  aws = await EmulatedS3AndSqs.start();
});

afterAll(() => aws.close());

objectStoreContract('S3ObjectStore', async () => {
  opened += 1;
  const bucket = `bucket-${opened}`;
  aws.createBucket(bucket);
  return { port: new S3ObjectStore(aws.s3()), bucket };
});
