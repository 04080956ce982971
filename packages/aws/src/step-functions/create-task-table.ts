import { CreateTableCommand, type DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { toTaskTableError } from './task-errors.ts';
import { LOOK_KEY, OPEN_INDEX, OPEN_KEY, PARTITION_KEY, SORT_KEY } from './task-item.ts';

const MAX_WAIT_SECONDS = 60;

/**
 * Creates the tasker's table, pay per request, and waits until it can be used: for development and tests. Without TTL;
 * infrastructure code switches it on for `expires_at`.
 */
export async function createTaskTable(client: DynamoDBClient, table: string): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: PARTITION_KEY, AttributeType: 'S' },
          { AttributeName: SORT_KEY, AttributeType: 'S' },
          { AttributeName: OPEN_KEY, AttributeType: 'S' },
          { AttributeName: LOOK_KEY, AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
          { AttributeName: SORT_KEY, KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: OPEN_INDEX,
            KeySchema: [
              { AttributeName: OPEN_KEY, KeyType: 'HASH' },
              { AttributeName: LOOK_KEY, KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
      }),
    );
    await waitUntilTableExists(
      { client, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 1, maxDelay: 2 },
      { TableName: table },
    );
  } catch (cause) {
    throw toTaskTableError(cause, 'create', table);
  }
}
