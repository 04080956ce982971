import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { CompletionEvent } from '@millrace/redshift-local/data-api';
import { EmulatedS3AndSqs } from '@millrace/testkit/aws';
import { expect, it, onTestFinished } from 'vitest';
import { sqsSink, webhookSink } from './event-sinks.ts';

const EVENT: CompletionEvent = {
  version: '0',
  id: '18e7079c-dd4b-dd64-caf9-e2a31640dab0',
  'detail-type': 'Redshift Data Statement Status Change',
  source: 'aws.redshift-data',
  account: '123456789012',
  time: '2026-11-21T00:00:00Z',
  region: 'us-east-1',
  resources: [],
  detail: {
    principal: 'arn:aws:iam::123456789012:user/any',
    statementName: 'n',
    statementId: 'dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a',
    redshiftQueryId: -1,
    state: 'FINISHED',
    rows: 1,
    expireAt: 1_601_673_265,
  },
};

it('sqsSink puts events into the queue of an emulator, as EventBridge would', async () => {
  const aws = await EmulatedS3AndSqs.start();
  onTestFinished(() => aws.close());
  const queue = aws.createQueue('events');
  const { sink, close } = await sqsSink(queue);
  onTestFinished(close);
  await sink(EVENT);
  const { Messages } = await aws.sqs().send(new ReceiveMessageCommand({ QueueUrl: queue }));
  expect(Messages?.map(({ Body }) => JSON.parse(Body ?? ''))).toEqual([EVENT]);
});

it('webhookSink fails, with the reason, when nobody takes the event', async () => {
  await expect(webhookSink('http://127.0.0.1:1/')(EVENT)).rejects.toThrow('fetch failed');
});
