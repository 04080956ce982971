import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

interface Encryption {
  /** Default: keys that SQS manages. */
  readonly encryptionKey?: kms.IKey | undefined;
}

export interface GuardedQueueOptions extends Encryption {
  readonly queueName?: string;
  /** Six times what the function behind it may take, and the time that a batch is collected. */
  readonly visibilityTimeout: Duration;
}

/** A message that fails so often is not going to succeed: with visibility timeouts of minutes this is after some hours. */
const MAX_RECEIVES = 10;
/** The longest that SQS keeps a message. */
const RETENTION = Duration.days(14);

/** A queue in which messages lie until somebody looks. */
export function deadLetterQueue(scope: Construct, id: string, options: Encryption): sqs.Queue {
  return new sqs.Queue(scope, id, closed(options));
}

function closed({ encryptionKey }: Encryption): sqs.QueueProps {
  return {
    retentionPeriod: RETENTION,
    enforceSSL: true,
    ...(encryptionKey
      ? { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
      : { encryption: sqs.QueueEncryption.SQS_MANAGED }),
  };
}

/** A queue, and behind it one for messages that failed too often. */
export class GuardedQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(
    scope: Construct,
    id: string,
    { queueName, visibilityTimeout, ...options }: GuardedQueueOptions,
  ) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', options);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...closed(options),
      ...(queueName === undefined ? {} : { queueName }),
      visibilityTimeout,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }
}
