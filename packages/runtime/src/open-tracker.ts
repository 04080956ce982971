import { resolve } from 'node:path';
import { awsClientOptions, placeOfQueue, sqsClientOptions } from '@millrace/aws/client';
import type { MillraceConfig, Tracker, WakeQueue } from '@millrace/core';
import { SqliteTracker, SqliteWakeQueue } from '@millrace/local';
import type { WakeSource } from './adapters.ts';
import { databaseOf } from './database-of.ts';
import type { OpenContext } from './open-context.ts';
import { ProcessWakes } from './process-wakes.ts';
import { type AskableWakeQueue, TimedWakes } from './timed-wakes.ts';

export interface OpenTracker {
  readonly tracker: Tracker;
  readonly wakes: WakeQueue;
  readonly wakeSource: WakeSource;
  /** Copies the tracker's file; undefined when it has none. */
  readonly backup?: (to: string) => Promise<void>;
}

/** The tracker of a configuration, and where wakes wait. */
export async function openTracker(config: MillraceConfig, context: OpenContext): Promise<OpenTracker> {
  const { tracker: place } = config;
  const { at, state, closers } = context;
  if (place.kind === 'sqlite') {
    const tracker = new SqliteTracker(at(place.path));
    closers.push(() => tracker.close());
    const own = (): AskableWakeQueue => {
      const queue = new SqliteWakeQueue(resolve(state, 'wakes.db'));
      closers.push(() => queue.close());
      return queue;
    };
    return { tracker, backup: (to) => tracker.backup(to), ...(await openWakes(config, { ...context, own })) };
  }
  const [{ DynamoDBClient }, { DynamoDbTracker }] = await Promise.all([
    import('@aws-sdk/client-dynamodb'),
    import('@millrace/aws/dynamodb'),
  ]);
  const client = new DynamoDBClient(awsClientOptions(place));
  closers.push(() => client.destroy());
  const database = databaseOf(config);
  const tracker = new DynamoDbTracker(client, { table: place.table, database });
  return { tracker, ...(await openWakes(config, { ...context, own: () => new ProcessWakes() })) };
}

async function openWakes(
  { wakes: place, sweepMs }: MillraceConfig,
  { own, now, onError, closers }: OpenContext & { readonly own: () => AskableWakeQueue },
): Promise<Pick<OpenTracker, 'wakes' | 'wakeSource'>> {
  if (place === null) {
    const wakes = own();
    const told = (error: unknown): void => onError('wakes', error);
    return { wakes, wakeSource: new TimedWakes(wakes, { now, onError: told, maxDelayMs: sweepMs }) };
  }
  const [{ SQSClient }, { SqsWakeQueue }] = await Promise.all([
    import('@aws-sdk/client-sqs'),
    import('@millrace/aws/sqs'),
  ]);
  const { QueuedWakes } = await import('./queued-wakes.ts');
  const client = new SQSClient(
    sqsClientOptions(place.endpoint === undefined ? { ...place, ...placeOfQueue(place.queue) } : place),
  );
  closers.push(() => client.destroy());
  const wakes = new SqsWakeQueue(client, { queueUrl: place.queue });
  return { wakes, wakeSource: new QueuedWakes(wakes, { onError: (error) => onError('wakes', error) }) };
}
