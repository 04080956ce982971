import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { wakeQueueContract } from '@millrace/testkit';
import { EmulatedS3AndSqs } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqsWakeQueue } from './sqs-wake-queue.ts';
import { readWake, writeWake } from './wake-message.ts';

let aws: EmulatedS3AndSqs;
let client: SQSClient;
let opened = 0;

beforeAll(async () => {
  aws = await EmulatedS3AndSqs.start();
  client = aws.sqs();
});

afterAll(() => aws.close());

function newQueue(): string {
  opened += 1;
  return aws.createQueue(`wakes-${opened}`);
}

async function messagesOf(queueUrl: string): Promise<{ ready: number; delayed: number }> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  return {
    ready: Number(Attributes?.ApproximateNumberOfMessages),
    delayed: Number(Attributes?.ApproximateNumberOfMessagesDelayed),
  };
}

wakeQueueContract('SqsWakeQueue', async () => {
  // The contract's instants are decades past: a clock that stands still makes them due, or not.
  let clock = Number.MAX_SAFE_INTEGER;
  const queueUrl = newQueue();
  const port = new SqsWakeQueue(client, { queueUrl, now: () => clock });
  return {
    port,
    async takeDue(now) {
      clock = now;
      const due = new Map<string, number>();
      for (;;) {
        // What came early before was sent on with a delay, of a second here.
        const { delayed } = await messagesOf(queueUrl);
        const wakes = await port.receive({ waitSeconds: delayed > 0 ? 2 : 0 });
        if (wakes.length === 0) break;
        for (const { target, wakeAt } of wakes) due.set(target, Math.min(wakeAt, due.get(target) ?? wakeAt));
      }
      return [...due].sort(([, a], [, b]) => a - b).map(([target]) => target);
    },
  };
});

describe('SqsWakeQueue', () => {
  it('delays a wake until its instant, and by 15 minutes at most', async () => {
    const queueUrl = newQueue();
    const queue = new SqsWakeQueue(client, { queueUrl });
    await queue.wake('public.soon', Date.now() + 700);
    await queue.wake('public.tomorrow', Date.now() + 86_400_000);
    expect(await messagesOf(queueUrl)).toEqual({ ready: 0, delayed: 2 });
    const wakes = await queue.receive({ waitSeconds: 3 });
    expect(wakes.map(({ target }) => target)).toEqual(['public.soon']);
  });

  it('sends a wake that came early on, and does not return it', async () => {
    const queueUrl = newQueue();
    const wakeAt = Date.now() + 3_600_000;
    const early = writeWake({ target: 'public.flights', wakeAt });
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: early }));
    const queue = new SqsWakeQueue(client, { queueUrl });
    expect(await queue.receive({ waitSeconds: 0 })).toEqual([]);
    expect(await messagesOf(queueUrl)).toEqual({ ready: 0, delayed: 1 });
  });

  it('sends a wake that is to come once, however often it is asked for', async () => {
    const queueUrl = newQueue();
    const queue = new SqsWakeQueue(client, { queueUrl });
    const wakeAt = Date.now() + 60_000;
    for (let again = 0; again < 5; again += 1) await queue.wake('public.flights', wakeAt);
    expect(await messagesOf(queueUrl)).toEqual({ ready: 0, delayed: 1 });
  });

  it('tries a wake again that could not be sent', async () => {
    const missing = new SqsWakeQueue(client, { queueUrl: `${newQueue()}-missing` });
    const wakeAt = Date.now() + 60_000;
    for (let again = 0; again < 2; again += 1) {
      await expect(missing.wake('public.flights', wakeAt)).rejects.toMatchObject({
        code: 'queue-missing',
        class: 'config',
      });
    }
    await expect(missing.receive({ waitSeconds: 0 })).rejects.toMatchObject({ code: 'queue-missing' });
  });

  it('leaves bodies that are no wakes to the dead-letter queue and goes on', async () => {
    const queueUrl = aws.createQueue('mixed', { VisibilityTimeout: '1' });
    for (const body of ['{', '7', '{"Records":[]}', '{"millrace":"wake","target":"x"}']) {
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
    }
    const queue = new SqsWakeQueue(client, { queueUrl });
    await queue.wake('public.flights', 1);
    expect(await queue.receive({ waitSeconds: 0 })).toEqual([{ target: 'public.flights', wakeAt: 1 }]);
    await sleep(1_100);
    const receive = new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 });
    expect((await client.send(receive)).Messages).toHaveLength(4);
  });

  it('stops waiting when it is told to', async () => {
    const queue = new SqsWakeQueue(client, { queueUrl: newQueue() });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const before = performance.now();
    expect(await queue.receive({ waitSeconds: 20, signal: stop.signal })).toEqual([]);
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

it('reads back the wake that it wrote', () => {
  const wake = { target: 'public."flights é"', wakeAt: 1_795_264_439_123 };
  expect(readWake(writeWake(wake))).toEqual(wake);
  expect(readWake('null')).toBeUndefined();
});
