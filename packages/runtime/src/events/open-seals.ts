import { resolve } from 'node:path';
import { awsClientOptions } from '@millrace/aws/client';
import { type MillraceConfig, type Seals, stateFolderOf } from '@millrace/core';
import { SqliteSeals } from '@millrace/local';
import { databaseOf } from '../database-of.ts';

export interface OpenedSeals {
  readonly seals: Seals;
  /** Copies their file; undefined when they have none. */
  readonly backup?: (to: string) => Promise<void>;
  close(): void;
}

/** The seals of a configuration: in the tracker's table, or in a file beside the tracker's. */
export async function openSeals(config: MillraceConfig, directory: string): Promise<OpenedSeals> {
  const { tracker: place } = config;
  if (place.kind === 'sqlite') {
    const seals = new SqliteSeals(resolve(directory, stateFolderOf(config), 'seals.db'));
    return { seals, backup: (to) => seals.backup(to), close: () => seals.close() };
  }
  // Only now: who works on one machine does not load the AWS SDK.
  const [{ DynamoDBClient }, { DynamoDbSeals }] = await Promise.all([
    import('@aws-sdk/client-dynamodb'),
    import('@millrace/aws/dynamodb'),
  ]);
  const client = new DynamoDBClient(awsClientOptions(place));
  const database = databaseOf(config);
  return {
    seals: new DynamoDbSeals(client, { table: place.table, database }),
    close: () => client.destroy(),
  };
}
