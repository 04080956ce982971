import { Aws, Duration, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { closest } from './file-access';
import { GuardedQueue } from './guarded-queue';
import { type FileSourceProps, Notifications } from './microbatch-loader-props';

export interface FileSourceOptions extends FileSourceProps {
  readonly loader: lambda.IFunction;
  /** What the loader may take. */
  readonly loaderTimeout: Duration;
  readonly encryptionKey?: kms.IKey | undefined;
}

/**
 * Lambda retries a throttled batch until the visibility timeout runs out. With less than six times the function's time, AWS
 * warns, a message may come again while its first load still runs.
 */
export const VISIBILITY_FACTOR = 6;
const BATCH_SIZE = 100;
const BATCHING_WINDOW = Duration.seconds(5);
const CONCURRENCY = 5;
const PREFIXES_PER_RULE = 10;
/** A pattern of EventBridge has 2,048 characters (EventBridge quotas): what is around the keys, and the bucket's name, have the rest. */
const KEY_CHARACTERS_PER_RULE = 1_700;

/** A queue that is told of new objects, and the loader that takes from it. */
export class FileSource extends Construct {
  readonly queue: GuardedQueue;
  readonly mapping: lambda.EventSourceMapping;
  /** The rules by which EventBridge tells the queue; none: somebody else does. */
  readonly rules: readonly events.Rule[];

  constructor(scope: Construct, id: string, options: FileSourceOptions) {
    super(scope, id);
    const { bucket, loader, loaderTimeout, encryptionKey, queueName } = options;
    const {
      batchSize = BATCH_SIZE,
      maxBatchingWindow = BATCHING_WINDOW,
      maxConcurrency = CONCURRENCY,
    } = options;
    checkBatch({ batchSize, maxBatchingWindow, maxConcurrency });
    const visibility = loaderTimeout.toSeconds() * VISIBILITY_FACTOR + maxBatchingWindow.toSeconds();
    this.queue = new GuardedQueue(this, 'Files', {
      ...(queueName === undefined ? {} : { queueName }),
      visibilityTimeout: Duration.seconds(visibility),
      encryptionKey,
    });
    this.rules = this.#hear(bucket, options);
    this.mapping = new lambda.EventSourceMapping(this, 'Mapping', {
      target: loader,
      eventSourceArn: this.queue.queue.queueArn,
      batchSize,
      maxBatchingWindow,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
  }

  #hear(bucket: s3.IBucket, options: FileSourceOptions): readonly events.Rule[] {
    const { notifications = usual(bucket, this), prefixes = [''], suffix = '' } = options;
    if (notifications === Notifications.EVENT_BRIDGE) {
      return byRule(closest(prefixes), suffix).map((some, nth) =>
        this.#hearByRule(nth, { bucket, prefixes: some, suffix }),
      );
    }
    // S3, or what somebody else puts between: SNS, a bucket of another stack of this account.
    const policy = this.queue.queue.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queue.queueArn],
        // Not the bucket: it cannot be made before this policy, nor this policy then name it.
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    if (notifications === Notifications.NONE) return [];
    const template = bucket.node.defaultChild;
    if (!(template instanceof s3.CfnBucket)) {
      throw new Error(
        `'notifications' of '${this.node.id}' is DIRECT, and the bucket is not made by this app: use EVENT_BRIDGE or NONE`,
      );
    }
    for (const prefix of closest(prefixes)) {
      tell(template, { queueArn: this.queue.queue.queueArn, prefix, suffix });
    }
    if (policy.policyDependable) template.node.addDependency(policy.policyDependable);
    return [];
  }

  #hearByRule(
    nth: number,
    { bucket, prefixes, suffix }: { bucket: s3.IBucket; prefixes: readonly string[]; suffix: string },
  ): events.Rule {
    const isAll = prefixes.includes('') && suffix === '';
    return new events.Rule(this, nth === 0 ? 'Created' : `Created${nth + 1}`, {
      description: 'Millrace: new objects to the queue of their loader',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [bucket.bucketName] },
          ...(isAll ? {} : { object: { key: prefixes.map((prefix) => keyPattern(prefix, suffix)) } }),
        },
      },
      targets: [new targets.SqsQueue(this.queue.queue)],
    });
  }
}

/** As many prefixes for each rule as its pattern has room for. */
function byRule(prefixes: readonly string[], suffix: string): readonly (readonly string[])[] {
  const rules: string[][] = [];
  let room = 0;
  for (const prefix of prefixes) {
    const { length } = `${JSON.stringify(keyPattern(prefix, suffix))},`;
    const last = rules.at(-1);
    if (last === undefined || last.length === PREFIXES_PER_RULE || length > room) {
      rules.push([prefix]);
      room = KEY_CHARACTERS_PER_RULE - length;
    } else {
      last.push(prefix);
      room -= length;
    }
  }
  return rules;
}

/** Adds to what S3 is told of a bucket; several sources may be of one. */
function tell(
  bucket: s3.CfnBucket,
  { queueArn, prefix, suffix }: { queueArn: string; prefix: string; suffix: string },
): void {
  const rules = [
    ...(prefix === '' ? [] : [{ name: 'prefix', value: prefix }]),
    ...(suffix === '' ? [] : [{ name: 'suffix', value: suffix }]),
  ];
  const known = bucket.notificationConfiguration as
    | s3.CfnBucket.NotificationConfigurationProperty
    | undefined;
  const queues = (known?.queueConfigurations ?? []) as s3.CfnBucket.QueueConfigurationProperty[];
  bucket.notificationConfiguration = {
    ...known,
    queueConfigurations: [
      ...queues,
      {
        event: 's3:ObjectCreated:*',
        queue: queueArn,
        ...(rules.length === 0 ? {} : { filter: { s3Key: { rules } } }),
      },
    ],
  };
}

function usual(bucket: s3.IBucket, scope: Construct): Notifications {
  const isOwn = bucket.node.defaultChild instanceof s3.CfnBucket && Stack.of(bucket) === Stack.of(scope);
  return isOwn ? Notifications.DIRECT : Notifications.EVENT_BRIDGE;
}

/** EventBridge has no "begins and ends with" but its wildcard, in which `*` and `\` mean something. */
function keyPattern(prefix: string, suffix: string): unknown {
  if (suffix === '') return { prefix };
  if (prefix === '') return { suffix };
  const exact = (text: string): string => text.replaceAll(/[*\\]/gu, '\\$&');
  return { wildcard: `${exact(prefix)}*${exact(suffix)}` };
}

/** Lambda's own limits, told while the app is synthesised. */
function checkBatch({
  batchSize,
  maxBatchingWindow,
  maxConcurrency,
}: {
  batchSize: number;
  maxBatchingWindow: Duration;
  maxConcurrency: number;
}): void {
  if (Token.isUnresolved(batchSize) || Token.isUnresolved(maxConcurrency)) return;
  if (batchSize < 1 || batchSize > 10_000) {
    throw new Error(`'batchSize' is ${batchSize}: write 1 to 10000`);
  }
  if (batchSize > 10 && maxBatchingWindow.toSeconds() === 0) {
    throw new Error(
      `'batchSize' is ${batchSize} and 'maxBatchingWindow' 0: above 10, Lambda wants a second or more`,
    );
  }
  if (maxConcurrency < 2 || maxConcurrency > 1_000) {
    throw new Error(`'maxConcurrency' is ${maxConcurrency}: write 2 to 1000`);
  }
}
