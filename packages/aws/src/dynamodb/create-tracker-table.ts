import { CreateTableCommand, type DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { faultOf } from '../client/aws-fault.ts';
import { toTrackerError } from './dynamodb-errors.ts';
import { PARTITION_KEY, SORT_KEY } from './table-layout.ts';

const MAX_WAIT_SECONDS = 60;

/**
 * Creates the tracker's table, pay per request, and waits until it can be used: for development and tests. One that
 * is there already is left as it is. Without TTL, so job records stay; infrastructure code switches it on for
 * `expires_at`.
 */
export async function createTrackerTable(client: DynamoDBClient, table: string): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: PARTITION_KEY, AttributeType: 'S' },
          { AttributeName: SORT_KEY, AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
          { AttributeName: SORT_KEY, KeyType: 'RANGE' },
        ],
      }),
    );
  } catch (cause) {
    if (faultOf(cause).name !== 'ResourceInUseException') throw toTrackerError(cause, 'create', table);
  }
  try {
    await waitUntilTableExists(
      { client, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 1, maxDelay: 2 },
      { TableName: table },
    );
  } catch (cause) {
    throw toTrackerError(cause, 'wait for', table);
  }
}
