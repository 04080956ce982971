import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import type { EmulatedKinesis } from '../../aws/emulated-kinesis.ts';
import type { EmulatedS3AndSqs } from '../../aws/emulated-s3-and-sqs.ts';
import type { Properties } from './cloud-assembly.ts';
import type { ResolvedTemplate } from './resolved-template.ts';

export interface StorageParts {
  readonly aws: EmulatedS3AndSqs;
  readonly dynamodb: DynamoDBClient;
  readonly kinesis: EmulatedKinesis;
}

/** What was made: queues by their ARN, with where the emulator has them; and which key encrypts what, by ARN. */
export interface Storage {
  readonly queues: ReadonlyMap<string, string>;
  readonly keys: ReadonlyMap<string, string>;
}

/** Makes the buckets, queues, tables and streams of a template on the emulators. */
export async function makeStorage(
  template: ResolvedTemplate,
  { aws, dynamodb, kinesis }: StorageParts,
): Promise<Storage> {
  const keys = new Map<string, string>();
  const arnOf = (id: string): string => template.physical(id).attributes.Arn ?? '';
  const encrypt = (id: string, key: unknown): void => {
    if (typeof key !== 'string' || key.startsWith('alias/aws/')) return;
    const arns = template.ofType('AWS::KMS::Key').map(({ id: one }) => template.physical(one));
    const found = arns.find(({ ref, attributes }) => key === ref || key === attributes.Arn);
    keys.set(arnOf(id), found?.attributes.Arn ?? key);
  };
  for (const { id, properties } of template.ofType('AWS::S3::Bucket')) {
    aws.createBucket(template.physical(id).ref);
    const rules = at(properties, 'BucketEncryption', 'ServerSideEncryptionConfiguration') as
      | readonly Properties[]
      | undefined;
    encrypt(id, at(rules?.[0], 'ServerSideEncryptionByDefault', 'KMSMasterKeyID'));
  }
  const queues = makeQueues(template, aws);
  for (const { id, properties } of template.ofType('AWS::SQS::Queue')) encrypt(id, properties.KmsMasterKeyId);
  for (const { id, properties } of template.ofType('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable')) {
    await dynamodb.send(new CreateTableCommand(tableInput(template.physical(id).ref, properties)));
    encrypt(id, at(properties, 'SSESpecification', 'KMSMasterKeyId'));
  }
  for (const { id, properties } of template.ofType('AWS::Kinesis::Stream')) {
    await kinesis.createStream(template.physical(id).ref, Number(properties.ShardCount ?? 1));
  }
  return { queues, keys };
}

/** Dead letters first: what names them needs them there. */
function makeQueues(template: ResolvedTemplate, aws: EmulatedS3AndSqs): Map<string, string> {
  const made = new Map<string, string>();
  const queues = template.ofType('AWS::SQS::Queue');
  const inOrder = [
    ...queues.filter(({ properties }) => properties.RedrivePolicy === undefined),
    ...queues.filter(({ properties }) => properties.RedrivePolicy !== undefined),
  ];
  for (const { id, properties } of inOrder) {
    const { QueueName = '', Arn = '' } = template.physical(id).attributes;
    const { VisibilityTimeout, DelaySeconds, RedrivePolicy } = properties;
    const attributes = Object.entries({ VisibilityTimeout, DelaySeconds }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as const],
    );
    const redrive: Record<string, string> =
      RedrivePolicy === undefined ? {} : { RedrivePolicy: JSON.stringify(RedrivePolicy) };
    made.set(Arn, aws.createQueue(QueueName, { ...Object.fromEntries(attributes), ...redrive }));
  }
  return made;
}

/** What the emulator takes of a table: its keys and indexes. */
function tableInput(name: string, properties: Properties): CreateTableCommandInput {
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } =
    properties as unknown as CreateTableCommandInput;
  return {
    TableName: name,
    KeySchema,
    AttributeDefinitions,
    BillingMode: 'PAY_PER_REQUEST',
    ...(GlobalSecondaryIndexes === undefined
      ? {}
      : {
          GlobalSecondaryIndexes: GlobalSecondaryIndexes.map(
            ({ IndexName, KeySchema: keys, Projection }) => ({
              IndexName,
              KeySchema: keys,
              Projection,
            }),
          ),
        }),
  };
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((one, name) => (one as Properties | undefined)?.[name], value);
}
