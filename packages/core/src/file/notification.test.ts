import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSequencers, readNotification } from './notification.ts';

const WRITTEN = '2026-11-21T12:00:00.250Z';

/** Encodes a key as HTML forms do, which S3's event notifications do. */
const formEncoded = (key: string): string => new URLSearchParams({ k: key }).toString().slice(2);

function s3Record(key: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    eventVersion: '2.5',
    eventSource: 'aws:s3',
    awsRegion: 'eu-west-1',
    eventTime: WRITTEN,
    eventName: 'ObjectCreated:Put',
    s3: {
      s3SchemaVersion: '1.0',
      bucket: { name: 'lake', arn: 'arn:aws:s3:::lake' },
      object: {
        key: formEncoded(key),
        size: 42,
        eTag: 'd41d8',
        versionId: 'v1',
        sequencer: '0055AED6DCD90281E5',
      },
    },
    ...changes,
  };
}

function eventBridgeEvent(key: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    time: '2026-11-21T12:00:00Z',
    detail: {
      version: '0',
      bucket: { name: 'lake' },
      object: { key, size: 42, etag: 'd41d8', sequencer: '0055AED6DCD90281E5' },
      reason: 'PutObject',
    },
    ...changes,
  };
}

describe('readNotification', () => {
  it('reads every record of an S3 event', () => {
    const { objects, ignored } = readNotification(
      JSON.stringify({ Records: [s3Record('flights/a b.csv'), s3Record('flights/ü+%.csv')] }),
    );
    expect(ignored).toEqual([]);
    expect(objects.map(({ key }) => key)).toEqual(['flights/a b.csv', 'flights/ü+%.csv']);
    expect(objects[0]).toEqual({
      bucket: 'lake',
      key: 'flights/a b.csv',
      etag: 'd41d8',
      size: 42,
      writtenAt: Date.parse(WRITTEN),
      versionId: 'v1',
      sequencer: '0055AED6DCD90281E5',
    });
  });

  it('decodes what form encoding makes of any key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        expect(readNotification({ Records: [s3Record(key)] }).objects[0]?.key).toBe(key);
      }),
    );
  });

  it('takes the key of an EventBridge event as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        expect(readNotification(eventBridgeEvent(key)).objects[0]?.key).toBe(key);
      }),
    );
    expect(readNotification(eventBridgeEvent('a+b%20c')).objects[0]).toEqual({
      bucket: 'lake',
      key: 'a+b%20c',
      etag: 'd41d8',
      size: 42,
      writtenAt: Date.parse('2026-11-21T12:00:00Z'),
      sequencer: '0055AED6DCD90281E5',
    });
  });

  it('reads both kinds through SNS, in a queue or in a Lambda event', () => {
    for (const event of [{ Records: [s3Record('k')] }, eventBridgeEvent('k')]) {
      const message = JSON.stringify(event);
      const inQueue = JSON.stringify({ Type: 'Notification', TopicArn: 'arn:aws:sns:…', Message: message });
      const inLambda = {
        Records: [{ EventSource: 'aws:sns', Sns: { Type: 'Notification', Message: message } }],
      };
      expect(readNotification(inQueue).objects.map(({ key }) => key)).toEqual(['k']);
      expect(readNotification(inLambda).objects.map(({ key }) => key)).toEqual(['k']);
    }
  });

  it.each([
    [{ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'lake' }, 's3:TestEvent'],
    [{ Records: [s3Record('k', { eventName: 'ObjectRemoved:Delete' })] }, 'ObjectRemoved:Delete s3://lake/k'],
    [eventBridgeEvent('k', { 'detail-type': 'Object Deleted' }), 'Object Deleted s3://lake/k'],
    [{ Type: 'SubscriptionConfirmation', Token: 't' }, 'SNS SubscriptionConfirmation'],
  ])('ignores by name what announces no object', (body, what) => {
    const { objects, ignored } = readNotification(body);
    expect(objects).toEqual([]);
    expect(ignored.map((event) => event.what)).toEqual([what]);
  });

  it('ignores a deletion without ETag and size, and takes what stands beside it', () => {
    const removal = s3Record('gone', { eventName: 'ObjectRemoved:Delete' });
    (removal.s3 as { object: unknown }).object = { key: 'gone', sequencer: '00' };
    const { objects, ignored } = readNotification({ Records: [removal, s3Record('k')] });
    expect(objects.map(({ key }) => key)).toEqual(['k']);
    expect(ignored).toHaveLength(1);
  });

  it.each([
    ['is not JSON', '{"Records":'],
    ['is not an object', '[]'],
    ['its keys are orders', { orders: [] }],
    ['Records[0].eventVersion is 3.0', { Records: [s3Record('k', { eventVersion: '3.0' })] }],
    ['Records[0].eventTime', { Records: [s3Record('k', { eventTime: 'yesterday' })] }],
    ['Records[0].s3 should be an object', { Records: [{ eventName: 'ObjectCreated:Put', dynamodb: {} }] }],
    ['is an SQS message', { Records: [{ eventSource: 'aws:sqs', body: '{}' }] }],
    ["is 'aws.ec2'", eventBridgeEvent('k', { source: 'aws.ec2' })],
    [
      'detail.object.size',
      eventBridgeEvent('k', { detail: { bucket: { name: 'b' }, object: { key: 'k', etag: 'e' } } }),
    ],
  ])('refuses a foreign shape: %s', (message, body) => {
    expect(() => readNotification(body)).toThrow(
      expect.objectContaining({ code: 'notification-foreign', message: expect.stringContaining(message) }),
    );
  });

  it('refuses a key that is not form-encoded, and envelopes without end', () => {
    const bad = s3Record('k');
    (bad.s3 as { object: { key: string } }).object.key = 'a%ZZ';
    expect(() => readNotification({ Records: [bad] })).toThrow(/'a%ZZ' is not form-encoded/u);
    const nested = [1, 2, 3, 4, 5].reduce<unknown>(
      (inner) => ({ Type: 'Notification', Message: JSON.stringify(inner) }),
      { Records: [] },
    );
    expect(() => readNotification(nested)).toThrow(/envelopes/u);
  });
});

describe('compareSequencers', () => {
  it('fills the shorter one with zeros on the right', () => {
    expect(compareSequencers('0055AED6DCD90281E5', '0055AED6DCD90281E6')).toBeLessThan(0);
    expect(compareSequencers('0055', '005500')).toBe(0);
    expect(compareSequencers('00FF', '00ff01')).toBeLessThan(0);
  });
});
