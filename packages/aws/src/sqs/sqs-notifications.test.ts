import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { EmulatedS3AndSqs } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqsNotifications } from './sqs-notifications.ts';

let aws: EmulatedS3AndSqs;
let client: SQSClient;

beforeAll(async () => {
  aws = await EmulatedS3AndSqs.start();
  client = aws.sqs();
});

afterAll(() => aws.close());

async function send(queueUrl: string, ...bodies: string[]): Promise<void> {
  for (const MessageBody of bodies)
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
}

describe('SqsNotifications', () => {
  it('hands bodies over and deletes what was handled; the rest comes again, counted', async () => {
    const queueUrl = aws.createQueue('some', { VisibilityTimeout: '1' });
    await send(queueUrl, 'good 1', 'bad', 'good 2');
    const notifications = new SqsNotifications(client, { queueUrl });
    const seen: [string, number][] = [];
    const handle = async ({ body, receiveCount }: { body: string; receiveCount: number }) => {
      seen.push([body, receiveCount]);
      if (body === 'bad' && receiveCount === 1) throw new Error('not yet');
    };
    const first = await notifications.receive(handle, { waitSeconds: 1 });
    expect(first).toMatchObject({ received: 3, handled: 2 });
    expect([...first.failures.values()]).toEqual([new Error('not yet')]);
    await sleep(1_000);
    expect(await notifications.receive(handle, { waitSeconds: 2 })).toMatchObject({
      received: 1,
      handled: 1,
    });
    expect(seen.at(-1)).toEqual(['bad', 2]);
    expect(await notifications.receive(handle, { waitSeconds: 0 })).toMatchObject({ received: 0 });
  });

  it('says what is wrong with a queue that is not there', async () => {
    const queueUrl = `${aws.createQueue('there')}-not`;
    const notifications = new SqsNotifications(client, { queueUrl });
    await expect(notifications.receive(async () => {}, { waitSeconds: 0 })).rejects.toMatchObject({
      code: 'queue-missing',
      hint: expect.stringContaining('URL'),
    });
  });
});
