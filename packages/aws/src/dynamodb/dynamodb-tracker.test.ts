import { trackerContract } from '@millrace/testkit';
import { EmulatedDynamoDb } from '@millrace/testkit/aws';
import { afterAll, beforeAll } from 'vitest';
import { createTrackerTable } from './create-tracker-table.ts';
import { DynamoDbTracker } from './dynamodb-tracker.ts';

let dynamoDb: EmulatedDynamoDb;
let opened = 0;

beforeAll(async () => {
  dynamoDb = await EmulatedDynamoDb.start();
  await createTrackerTable(dynamoDb.client(), 'tracker');
});

afterAll(() => dynamoDb.close());

trackerContract('DynamoDbTracker', async () => {
  opened += 1;
  return { port: new DynamoDbTracker(dynamoDb.client(), { table: 'tracker', database: `case${opened}` }) };
});
