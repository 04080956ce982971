import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/** A loader: one database of one warehouse, and the files that are loaded into it. */
export interface MicrobatchLoaderProps {
  /**
   * The provisioned cluster, by its identifier.
   *
   * @default - none; then `workgroup` has to be given
   */
  readonly cluster?: string;
  /**
   * The serverless workgroup: its name, or its ARN.
   *
   * @default - none; then `cluster` has to be given
   */
  readonly workgroup?: string;
  /**
   * The ARN of the workgroup, where `workgroup` is its name: the role's rights then name this workgroup alone.
   *
   * @default - all workgroups of the account and region, unless `workgroup` is an ARN: the id in it cannot be told from the name
   */
  readonly workgroupArn?: string;
  /** The database that the targets are in. */
  readonly database: string;
  /**
   * The database user, on a cluster.
   *
   * @default - the user that IAM maps the loader role to, `IAMR:<role>`
   */
  readonly dbUser?: string;
  /**
   * Holds the credentials of the database user.
   *
   * @default - temporary credentials by IAM
   */
  readonly secret?: secretsmanager.ISecret;
  /**
   * The role that COPY reads objects with. One of the same app gets the rights to read the files and Millrace's manifests.
   *
   * @default - the warehouse's default role, which has to have these rights
   */
  readonly copyRole?: iam.IRole;
  /**
   * What `millrace.config.json` holds: targets, events, alerts, windows. Where things are (warehouse, objects, tracker, wakes,
   * control, stream) the construct fills in; of `warehouse`, only the budget and the windows are taken.
   *
   * @default - targets by a document per queue, see `documents`
   */
  readonly configuration?: { [name: string]: unknown };
  /**
   * Documents of queues, by the name of the queue. Others may be put into the configuration bucket by hand, as
   * `rs-loader-config/<queue>.json`.
   *
   * @default - none: they are put there by hand
   */
  readonly documents?: { [queueName: string]: unknown };
  /**
   * A folder with numbered SQL files, which a deployment applies before anything is loaded. When one fails, the deployment stops.
   *
   * @default - no migrations
   */
  readonly migrations?: string;
  /**
   * What the names of this loader's statements begin with, `/` behind it: the rule that tells the next loader of their ends
   * goes by it. Other than the database's name only when that is not known yet.
   *
   * @default - the database
   */
  readonly statementNamePrefix?: string;
  /**
   * Environment variables of the functions that alert: the secrets that `alerts` names.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };
  /**
   * A folder with bundles of your own, `<function>/index.mjs`, that stand for the package's: for transforms that are functions.
   *
   * @default - the bundles of the package
   */
  readonly handlers?: string;
  /**
   * Encrypts buckets, queues and the tracker.
   *
   * @default - keys that S3, SQS and DynamoDB manage
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * The bus that `TableLoaded` events go to.
   *
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;
  /**
   * Loads that may run at once, with documents; a configuration says it under `warehouse`.
   *
   * @default 4
   */
  readonly maxLoads?: number;
  /**
   * Files that one run of the lister lets into a target's lane.
   *
   * @default 1000
   */
  readonly maxFilesPerRun?: number;
  /**
   * How often prefixes are listed for files that no notification told of.
   *
   * @default Duration.minutes(1)
   */
  readonly listInterval?: Duration;
  /**
   * Of each function, in megabytes.
   *
   * @default 512
   */
  readonly memorySize?: number;
  /**
   * Keeps places in the account's concurrency for the sweeper and the deployment's step. An account whose limit is still at its
   * beginning (10) cannot spare any.
   *
   * @default true
   */
  readonly reserveConcurrency?: boolean;
  /**
   * How long logs are kept.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * How old a file may be when its rows are there before an alarm is raised. At least a minute, which is how often is measured.
   *
   * @default - 15 minutes, or three times the longest `freshness` of the configuration's targets when that is more
   */
  readonly freshnessAlarm?: Duration;
  /**
   * How many files of a target may be unprocessed before an alarm is raised.
   *
   * @default 10000
   */
  readonly unprocessedFilesAlarm?: number;
  /**
   * For how many minutes unprocessed files may not become fewer before an alarm is raised.
   *
   * @default 30
   */
  readonly stuckMinutesAlarm?: number;
  /**
   * What alarms do.
   *
   * @default - they are shown, and tell nobody
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
  /**
   * What happens to the configuration bucket and the tracker when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Files that S3 tells of, and how. */
export interface FileSourceProps {
  /** Where files arrive. */
  readonly bucket: s3.IBucket;
  /**
   * What their keys begin with, one or several.
   *
   * @default - all keys of the bucket
   */
  readonly prefixes?: string[];
  /**
   * What their keys end with.
   *
   * @default - any ending
   */
  readonly suffix?: string;
  /**
   * The name of the queue: with documents, the name of the document.
   *
   * @default - a name by CloudFormation
   */
  readonly queueName?: string;
  /**
   * How the queue is told of new objects.
   *
   * @default - DIRECT for a bucket of the same stack, else EVENT_BRIDGE, for which the bucket has to send its events there
   */
  readonly notifications?: Notifications;
  /**
   * Messages that one invocation takes at most.
   *
   * @default 100
   */
  readonly batchSize?: number;
  /**
   * How long messages are collected for an invocation.
   *
   * @default Duration.seconds(5)
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Invocations that take from this queue at once, from 2 to 1000.
   *
   * @default 5
   */
  readonly maxConcurrency?: number;
}

/** How a queue hears of new objects. */
export enum Notifications {
  /** S3 writes to the queue: for a bucket of the same stack, whose notifications nobody else sets. */
  DIRECT = 'direct',
  /** A rule of EventBridge: for any bucket that sends its events there. */
  EVENT_BRIDGE = 'eventbridge',
  /** Somebody else sees to it; until then, the lister finds the files. */
  NONE = 'none',
}
