import { wakeQueueContract } from '@millrace/testkit';
import { EmulatedS3AndSqs } from '@millrace/testkit/aws';
import { afterAll, beforeAll } from 'vitest';
import { SqsWakeQueue } from './sqs-wake-queue.ts';

let aws: EmulatedS3AndSqs;
let opened = 0;

beforeAll(async () => {
  aws = await EmulatedS3AndSqs.start();
});

afterAll(() => aws.close());

wakeQueueContract('SqsWakeQueue', async () => {
  opened += 1;
  let clock = Number.MAX_SAFE_INTEGER;
  const queueUrl = aws.createQueue(`wakes-${opened}`);
  const port = new SqsWakeQueue(aws.sqs(), { queueUrl, now: () => clock });
  return {
    port,
    async takeDue(now) {
      clock = now;
      const due = new Map<string, number>();
      // Wakes that were early have been sent on with a delay of a second.
      for (let wakes = await port.receive({ waitSeconds: 1 }); wakes.length > 0; ) {
        for (const { target, wakeAt } of wakes) due.set(target, Math.min(wakeAt, due.get(target) ?? wakeAt));
        wakes = await port.receive({ waitSeconds: 1 });
      }
      return [...due].sort(([, a], [, b]) => a - b).map(([target]) => target);
    },
  };
});
