import { expect, it } from 'vitest';
import { readKinesisEvent } from './kinesis-event.ts';
import { KplAggregate } from './kpl-aggregate.ts';
import { toPosition } from './record-position.ts';

it('a Lambda event gives the records of its shard, aggregates taken apart', () => {
  const aggregate = new KplAggregate({ maxBytes: 1_000 });
  for (const text of ['{"id":"2"}', '{"id":"3"}'])
    aggregate.add({ partitionKey: text, data: Buffer.from(text) });
  const packed = aggregate.finish();
  const recordOf = (sequenceNumber: string, data: Uint8Array) => ({
    eventID: `shardId-000000000006:${sequenceNumber}`,
    kinesis: {
      partitionKey: 'sent',
      sequenceNumber,
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: 1_795_290_000.123,
    },
  });
  const read = readKinesisEvent({
    Records: [
      recordOf('49590', Buffer.from('{"id":"1"}')),
      recordOf('495901', packed?.data ?? Buffer.alloc(0)),
    ],
  });
  const records = read.get('shardId-000000000006') ?? [];
  expect([...read.keys()]).toEqual(['shardId-000000000006']);
  expect(records.map(({ data }) => Buffer.from(data).toString())).toEqual([
    '{"id":"1"}',
    '{"id":"2"}',
    '{"id":"3"}',
  ]);
  expect(records.map(({ partitionKey }) => partitionKey)).toEqual(['sent', '{"id":"2"}', '{"id":"3"}']);
  expect(records.map(({ position }) => position)).toEqual([
    toPosition({ sequenceNumber: '49590', subSequenceNumber: 0 }),
    toPosition({ sequenceNumber: '495901', subSequenceNumber: 0 }),
    toPosition({ sequenceNumber: '495901', subSequenceNumber: 1 }),
  ]);
  // More digits, and yet behind: as texts too.
  expect((records[0]?.position ?? '') < (records[1]?.position ?? '')).toBe(true);
  expect(records[0]?.arrivedAt).toBe(1_795_290_000_123);
});

it('an event of nothing has no records', () => {
  expect(readKinesisEvent({ Records: [] }).size).toBe(0);
});
