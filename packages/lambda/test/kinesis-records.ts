import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

export const STREAM = 'events';

export type StreamRecords = readonly Readonly<Record<string, unknown>>[];

/** What Lambda reads of the stream and hands over, in its shape. */
export async function recordsOf(client: KinesisClient): Promise<StreamRecords> {
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: STREAM }));
  const records: Record<string, unknown>[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName: STREAM, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
    for (const { Data, PartitionKey, SequenceNumber, ApproximateArrivalTimestamp } of Records) {
      records.push({
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: `${ShardId}:${SequenceNumber}`,
        eventName: 'aws:kinesis:record',
        eventSourceARN: `arn:aws:kinesis:us-east-1:123456789012:stream/${STREAM}`,
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: PartitionKey,
          sequenceNumber: SequenceNumber,
          data: Buffer.from(Data ?? []).toString('base64'),
          approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000,
        },
      });
    }
  }
  return records;
}
