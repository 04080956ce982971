import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import { type CheckResult, checkRetention, failsBy, passes, warns } from '@millrace/core';
import { toStreamError } from './kinesis-errors.ts';

const HOUR_MS = 60 * 60_000;

/** Whether a stream takes records, and how long it keeps them. Needs `kinesis:DescribeStreamSummary`. */
export async function checkStream(
  client: KinesisClient,
  streamName: string,
): Promise<readonly CheckResult[]> {
  const check = `stream ${streamName}`;
  try {
    const { StreamDescriptionSummary: found } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: streamName }),
    );
    const status = found?.StreamStatus ?? 'unknown';
    const shards = found?.OpenShardCount ?? 0;
    const detail = `is ${status}, with ${shards} open ${shards === 1 ? 'shard' : 'shards'}`;
    return [
      status === 'ACTIVE' || status === 'UPDATING'
        ? passes(check, detail)
        : warns(check, detail, 'wait until it is active'),
      checkRetention(`${check} retention`, (found?.RetentionPeriodHours ?? 24) * HOUR_MS),
    ];
  } catch (cause) {
    const error = toStreamError(cause, 'describe', streamName);
    return [failsBy(check, error, 'correct the name of the stream, or allow kinesis:DescribeStreamSummary')];
  }
}
