import { describe, expect, it } from 'vitest';
import { type BucketNotifications, judgeNotifications } from './check-notifications.ts';

const QUEUE = 'arn:aws:sqs:eu-central-1:123456789012:files';
const WANTED = {
  bucket: 'lake',
  sources: [{ target: 'public.flights', prefix: 'in/flights/' }],
  queueArns: [QUEUE],
};

type QueueRule = NonNullable<BucketNotifications['QueueConfigurations']>[number];

const rule = (change: Partial<QueueRule> = {}): QueueRule => {
  return { QueueArn: QUEUE, Events: ['s3:ObjectCreated:*'], ...change };
};
const filter = (Name: string, Value: string) => ({ Filter: { Key: { FilterRules: [{ Name, Value }] } } });

function judge(told: BucketNotifications, wanted = WANTED) {
  return judgeNotifications(told, wanted)[0];
}

describe('the notifications of a bucket', () => {
  it.each([
    ['of everything', rule()],
    ['of a longer way to it', rule(filter('Prefix', 'in/'))],
    [
      'of every way of creation by name',
      rule({
        Events: ['Put', 'Post', 'Copy', 'CompleteMultipartUpload'].map((one) => `s3:ObjectCreated:${one}`),
      }),
    ],
  ])('go to the queue: %s', (_, one) => {
    expect(judge({ QueueConfigurations: [one] })).toMatchObject({ status: 'pass', fix: null });
  });

  it.each([
    ['none', {}],
    ['of another queue', { QueueConfigurations: [rule({ QueueArn: `${QUEUE}-other` })] }],
    ['of another prefix', { QueueConfigurations: [rule(filter('prefix', 'out/'))] }],
    ['of uploads in one part alone', { QueueConfigurations: [rule({ Events: ['s3:ObjectCreated:Put'] })] }],
  ])('do not: %s', (_, told) => {
    const found = judge(told);
    expect(found).toMatchObject({ status: 'fail', check: 'notifications s3://lake/in/flights/' });
    expect(found?.fix).toContain(QUEUE);
  });

  it('are of some keys alone', () => {
    expect(judge({ QueueConfigurations: [rule(filter('Suffix', '.csv'))] })).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining("end with '.csv'"),
    });
  });

  it('go by way of EventBridge, or of a topic', () => {
    expect(judge({ EventBridgeConfiguration: {} })).toMatchObject({ status: 'pass' });
    expect(judge({ TopicConfigurations: [{}] })).toMatchObject({ status: 'pass' });
  });

  it('are not read by anybody: files are found by listing', () => {
    expect(judge({ QueueConfigurations: [rule()] }, { ...WANTED, queueArns: [] })).toMatchObject({
      status: 'warn',
    });
  });
});
