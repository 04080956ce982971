import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';

/** The clients of a container. The SDK finds region, credentials and `AWS_ENDPOINT_URL…` by itself. */
export interface Clients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly redshiftData: RedshiftDataClient;
  readonly eventBridge: EventBridgeClient;
}

/** Connects to nothing yet: a client that is not used costs its constructor only. */
export function openClients(
  { forcePathStyle }: { readonly forcePathStyle: boolean },
  given: Partial<Clients> = {},
): Clients {
  return {
    s3: given.s3 ?? new S3Client({ forcePathStyle }),
    sqs: given.sqs ?? new SQSClient({}),
    dynamodb: given.dynamodb ?? new DynamoDBClient({}),
    redshiftData: given.redshiftData ?? new RedshiftDataClient({}),
    eventBridge: given.eventBridge ?? new EventBridgeClient({}),
  };
}
