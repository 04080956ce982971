import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge, NO_ACCESS_LOGS } from './acknowledged-rules';

export interface StorageOptions {
  readonly encryptionKey?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

/** Where Millrace's own objects are: job documents, manifests, pins, chunks of events. */
export const CONTROL_PREFIX = 'millrace/';
export const DOCUMENTS_PREFIX = 'rs-loader-config/';
export const CONFIGURATION_KEY = 'millrace.config.json';

/** A bucket that nobody outside the account sees, whose objects are encrypted, and that is spoken to over TLS. */
export function closedBucket(
  scope: Construct,
  id: string,
  { encryptionKey, removalPolicy, ...options }: StorageOptions & Pick<s3.BucketProps, 'lifecycleRules'>,
): s3.Bucket {
  const { lifecycleRules = [] } = options;
  const bucket = new s3.Bucket(scope, id, {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    ...(encryptionKey
      ? { encryption: s3.BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }
      : { encryption: s3.BucketEncryption.S3_MANAGED }),
    removalPolicy,
    // Parts of an upload that broke off are paid for and seen by nobody.
    lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }, ...lifecycleRules],
  });
  acknowledge(bucket, 'S1', NO_ACCESS_LOGS);
  return bucket;
}

/** The tracker's table, with the keys that seed loaders use too. */
export function trackerTable(
  scope: Construct,
  id: string,
  { encryptionKey, removalPolicy }: StorageOptions,
): dynamodb.Table {
  return new dynamodb.Table(scope, id, {
    partitionKey: { name: 'db_table', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'status_timestamp', type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'expires_at',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...(encryptionKey
      ? { encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, encryptionKey }
      : { encryption: dynamodb.TableEncryption.AWS_MANAGED }),
    removalPolicy,
  });
}

/** What the loader does with its own storage. */
export function storageStatements(
  { bucket, table }: { readonly bucket: s3.IBucket; readonly table: dynamodb.ITable },
  { encryptionKey }: Pick<StorageOptions, 'encryptionKey'>,
): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
    new iam.PolicyStatement({
      actions: ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      resources: [bucket.arnForObjects(`${CONTROL_PREFIX}*`)],
    }),
    new iam.PolicyStatement({
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: [bucket.arnForObjects(CONFIGURATION_KEY), bucket.arnForObjects(`${DOCUMENTS_PREFIX}*`)],
    }),
    new iam.PolicyStatement({
      actions: [
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      resources: [table.tableArn],
    }),
    ...(encryptionKey ? [keyStatement(encryptionKey)] : []),
  ];
}

/** What it takes to read and write what the key encrypts. */
export function keyStatement(key: kms.IKey): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [key.keyArn],
  });
}

/** Lets services of AWS write to queues that the key encrypts. A key of another app has to say so itself. */
export function openKeyTo(key: kms.IKey, services: readonly string[]): void {
  for (const service of services) {
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal(service)],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
      }),
      true,
    );
  }
}
