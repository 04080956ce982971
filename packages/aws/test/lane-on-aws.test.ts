import { S3ObjectStore } from '@millrace/aws/s3';
import { SqsNotifications, SqsWakeQueue } from '@millrace/aws/sqs';
import { intake, readNotification } from '@millrace/core';
import {
  type DeliveryPlan,
  EmulatedDynamoDb,
  EmulatedS3AndSqs,
  intoQueue,
  NotificationDeliverer,
  S3Front,
} from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LaneOnDynamoDb, TARGET } from './dynamodb/lane-on-dynamodb.ts';

const FILES = 40;

let aws: EmulatedS3AndSqs;
let dynamoDb: EmulatedDynamoDb;

beforeAll(async () => {
  [aws, dynamoDb] = await Promise.all([EmulatedS3AndSqs.start(), EmulatedDynamoDb.start()]);
  for (const bucket of ['lake', 'millrace']) aws.createBucket(bucket);
});

afterAll(() => Promise.all([aws.close(), dynamoDb.close()]));

/** Files by S3, their notifications by SQS, the tracker in DynamoDB, wakes by SQS; the warehouse in this process. */
async function loadAll(plan: DeliveryPlan, run: string): Promise<void> {
  const queueUrl = aws.createQueue(`files-${run}`);
  const deliverer = new NotificationDeliverer(intoQueue(aws.sqs(), queueUrl), plan);
  const front = await S3Front.start({ upstream: aws.url, onObjectCreated: deliverer.take });
  const wakes = new SqsWakeQueue(aws.sqs(), { queueUrl: aws.createQueue(`wakes-${run}`) });
  const notifications = new SqsNotifications(aws.sqs(), { queueUrl });
  const objects = new S3ObjectStore(aws.s3(front.url));
  const lane = await LaneOnDynamoDb.open(dynamoDb.client(), {
    table: 'tracker',
    database: run,
    objects,
    wakes,
    target: { after: 'move' },
  });
  try {
    const takeIn = async (): Promise<void> => {
      for (;;) {
        const { received, failures } = await notifications.receive(
          async ({ body }) => {
            await intake(lane.loader, readNotification(body).objects);
          },
          { waitSeconds: 0 },
        );
        expect([...failures.values()]).toEqual([]);
        if (received === 0) return;
      }
    };
    await lane.put(FILES);
    await deliverer.deliver();
    await takeIn();
    const wake = await wakes.receive({ waitSeconds: 1 });
    expect(new Set(wake.map(({ target }) => target))).toEqual(new Set([TARGET]));
    await lane.drain();
    await deliverer.deliverLate();
    // Moves create objects too, and their notifications come here: no route takes them.
    await deliverer.deliver();
    await takeIn();
    await lane.drain();
    expect(await lane.rows()).toEqual({ rows: FILES, distinct: FILES });
    expect(await lane.tracker.counts(TARGET)).toMatchObject({ waiting: 0, quarantined: 0, superseded: 0 });
    const keys: string[] = [];
    for await (const { key } of objects.list({ bucket: 'lake', prefix: 'orders/' })) keys.push(key);
    expect(keys).toEqual([]);
  } finally {
    await lane.close();
    await front.close();
  }
}

describe('files that S3 tells of', { timeout: 120_000 }, () => {
  it.each([1, 2, 3])(
    'become rows once, told twice, late, out of order and in three wrappings (seed %i)',
    async (seed) => {
      await loadAll(
        { seed, duplicates: 0.4, late: 0.3, isShuffled: true, wrappings: ['plain', 'sns', 'eventbridge'] },
        `seed${seed}`,
      );
    },
  );
});
