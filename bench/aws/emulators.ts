// A process of its own, forked by `AwsEmulators`: what the emulators cost must not be taken for the functions' own time.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createTrackerTable } from '@millrace/aws/dynamodb';
import { S3ObjectStore } from '@millrace/aws/s3';
import { RedshiftLocal } from '@millrace/redshift-local';
import { DataApiServer } from '@millrace/redshift-local/data-api';
import { EmulatedDynamoDb, EmulatedS3AndSqs, S3Front } from '@millrace/testkit/aws';
import type { EmulatorMessage } from './aws-emulators.ts';

const [buckets = '', tables = ''] = process.argv.slice(2);
const aws = await EmulatedS3AndSqs.start();
for (const bucket of buckets.split(',')) aws.createBucket(bucket);
const front = await S3Front.start({ upstream: aws.url });
const dynamodb = await EmulatedDynamoDb.start();
for (const table of tables.split(',')) await createTrackerTable(dynamodb.client(), table);
const engine = await RedshiftLocal.open({
  path: ':memory:',
  objects: new S3ObjectStore(aws.s3(front.url)),
  threads: 1,
  memoryLimit: '1GB',
});
const server = await DataApiServer.start({
  engine,
  // What is counted is the same without AWS's rates, and waits for them are nobody's work.
  limits: { callsPerSecond: {} },
  onEvent: (event) => tell({ kind: 'completed', event }),
});
/** EventBridge, as far as PutEvents: takes everything. */
const bus = createServer((request, response) => {
  void text(request).then((body) => {
    const { Entries = [] } = JSON.parse(body) as { Entries?: unknown[] };
    const answers = Entries.map((_, at) => ({ EventId: `event-${at}` }));
    response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify({ FailedEntryCount: 0, Entries: answers }));
  });
});
bus.listen(0, '127.0.0.1');
await once(bus, 'listening');

process.once('disconnect', () => process.exit());
tell({
  kind: 'ready',
  urls: {
    s3: front.url,
    sqs: aws.url,
    dynamodb: dynamodb.url,
    redshiftData: server.url,
    eventBridge: `http://127.0.0.1:${(bus.address() as AddressInfo).port}`,
    wakeQueue: aws.createQueue('millrace-wakes'),
  },
});

function tell(message: EmulatorMessage): void {
  process.send?.(message);
}
