import { type CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge, allow } from './acknowledged-rules';
import { bundledFunction } from './bundled-function';
import { deploymentStep } from './deployment-step';
import { type FilePlace, fileStatements } from './file-access';
import { FileSource, VISIBILITY_FACTOR } from './file-source';
import { deadLetterQueue, GuardedQueue } from './guarded-queue';
import { type HandlerName, handlerPath } from './handlers';
import { LoaderAlarms } from './loader-alarms';
import { loaderDashboard } from './loader-dashboard';
import { LoaderPlan } from './loader-plan';
import {
  CONTROL_PREFIX,
  closedBucket,
  keyStatement,
  openKeyTo,
  storageStatements,
  trackerTable,
} from './loader-storage';
import type { FileSourceProps, MicrobatchLoaderProps } from './microbatch-loader-props';
import { warehouseStatements } from './warehouse-access';

const LOAD_TIMEOUT = Duration.minutes(2);
/** Listing a prefix of a bulk document, and writing what a large batch of events becomes, take longer. */
const LONG_TIMEOUT = Duration.minutes(5);
const MEMORY_SIZE = 512;
const EVERY_MINUTE = Duration.minutes(1);
const STATEMENTS_AT_ONCE = 10;
const WAKES_AT_ONCE = 5;
const LISTINGS_AT_ONCE = 5;
/** An end that could not be told to its queue is found by the sweeper long before EventBridge would give up. */
const END_MAX_AGE = Duration.minutes(30);

/**
 * Loads files into one database of Amazon Redshift in micro-batches, exactly once: the functions, their queues, schedules and
 * rights, the tracker, and what tells people when they have to look.
 *
 * The functions, schedules and event sources are made, or changed, when the configuration is written and the migrations are
 * applied; a migration that fails stops the deployment.
 */
export class MicrobatchLoader extends Construct {
  /** The role of all functions that talk to the warehouse: one role is one database user. */
  public readonly role: iam.Role;
  /** The configuration or the queues' documents, and Millrace's own objects below `millrace/`. */
  public readonly bucket: s3.Bucket;
  /** Lanes, waiting files and jobs. */
  public readonly tracker: dynamodb.Table;
  /** Takes S3's notifications. */
  public readonly loader: lambda.Function;
  /** Takes ends of statements and wakes. */
  public readonly nextLoader: lambda.Function;
  /** Looks at every lane, every minute. */
  public readonly sweeper: lambda.Function;
  /** Lists prefixes for files that nobody told of. */
  public readonly lister: lambda.Function;
  /** Takes bulk documents: by hand, or by `addBulkSchedule`. */
  public readonly bulkLoader: lambda.Function;
  /** Invocations that failed for good. */
  public readonly failures: sqs.IQueue;
  /** What is loaded: rows, files, freshness; what waits, what failed. */
  public readonly dashboard: cloudwatch.Dashboard;

  /** @internal */
  public readonly _plan: LoaderPlan;
  private readonly props: MicrobatchLoaderProps;

  private readonly deployed: CustomResource;
  private readonly alarms: LoaderAlarms;
  private readonly wakes: GuardedQueue;
  private readonly deadLetters: sqs.IQueue[] = [];

  /**
   * @throws Error for props that contradict each other or leave something out, and for every problem of the configuration: what is
   * wrong, and what to write instead.
   */
  constructor(scope: Construct, id: string, props: MicrobatchLoaderProps) {
    super(scope, id);
    this.props = props;
    const { encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = props;
    this._plan = new LoaderPlan(this, props);
    this.bucket = closedBucket(this, 'Bucket', { encryptionKey, removalPolicy });
    this.tracker = trackerTable(this, 'Tracker', { encryptionKey, removalPolicy });
    if (encryptionKey) openKeyTo(encryptionKey, ['s3.amazonaws.com', 'events.amazonaws.com']);
    this.failures = deadLetterQueue(this, 'Failures', { encryptionKey });
    acknowledge(
      this.failures,
      'SQS3',
      'What lies here is for people: nothing takes from it, so nothing can fail.',
    );
    this.wakes = this.guardedQueue('Wakes', LOAD_TIMEOUT);
    const ends = this.guardedQueue('StatementEnds', LOAD_TIMEOUT);
    const listings = this.guardedQueue('Listings', LOAD_TIMEOUT);
    this.role = this.makeRole(
      [this.wakes.queue, ends.queue, listings.queue],
      [this.wakes.queue, listings.queue],
    );
    this.deployed = this.deploy();
    const common = this.environment();
    this.loader = this.makeFunction('MicrobatchLoader', 'microbatch-loader', {
      environment: common,
    });
    this.nextLoader = this.makeFunction('NextLoader', 'next-loader', { environment: common });
    this.sweeper = this.makeFunction('Sweeper', 'sweeper', { environment: common, isSingle: true });
    this.lister = this.makeFunction('Lister', 'lister', {
      environment: {
        ...common,
        LIST_QUEUE_URL: listings.queue.queueUrl,
        ...(props.maxFilesPerRun === undefined ? {} : { MAX_FILES_PER_RUN: String(props.maxFilesPerRun) }),
      },
    });
    this.bulkLoader = this.makeFunction('BulkLoader', 'bulk-loader', {
      environment: common,
      timeout: LONG_TIMEOUT,
      isSingle: true,
    });
    this.take('StatementEndsMapping', this.nextLoader, { from: ends, maxConcurrency: STATEMENTS_AT_ONCE });
    this.take('WakesMapping', this.nextLoader, { from: this.wakes, maxConcurrency: WAKES_AT_ONCE });
    this.take('ListingsMapping', this.lister, { from: listings, maxConcurrency: LISTINGS_AT_ONCE });
    this.hearStatements(ends.queue);
    this.schedule('Sweep', this.sweeper, EVERY_MINUTE);
    this.schedule('List', this.lister, props.listInterval ?? EVERY_MINUTE);
    this.alarms = this.makeAlarms();
    this.dashboard = loaderDashboard(this, 'Dashboard', {
      functions: [this.loader, this.nextLoader, this.sweeper, this.lister, this.bulkLoader],
      deadLetters: this.deadLetters,
    });
  }

  /**
   * Loads what arrives in a bucket: a queue that is told of new objects, its dead-letter queue, and the loader behind it.
   *
   * With a configuration, its targets say which table an object goes to, and a `queueName` is needed for targets that name one.
   * With documents, `queueName` is the document's name.
   *
   * @throws Error for a prefix whose objects are never loaded: those that were, Millrace's own, those that UNLOAD writes.
   */
  public addSource(id: string, props: FileSourceProps): sqs.Queue {
    const after = this._plan.checkSource(id, props);
    const { bucket, prefixes = [''] } = props;
    this.allowFiles(prefixes.map((prefix) => ({ bucket: bucket.bucketName, prefix, after })));
    if (bucket.encryptionKey) allow(this.role, keyStatement(bucket.encryptionKey));
    const source = new FileSource(this, id, {
      ...props,
      loader: this.loader,
      loaderTimeout: LOAD_TIMEOUT,
      encryptionKey: this.props.encryptionKey,
    });
    allow(this.role, consume([source.queue.queue]));
    source.mapping.node.addDependency(this.role);
    for (const rule of source.rules) rule.node.addDependency(this.deployed);
    this.watch(id, source.queue);
    return source.queue.queue;
  }

  /** Invokes the bulk loader with a bulk document, again and again. */
  public addBulkSchedule(id: string, schedule: events.Schedule, document: { [name: string]: unknown }): void {
    const rule = new events.Rule(this, id, { schedule, description: 'Millrace: a bulk document' });
    const event = events.RuleTargetInput.fromObject(document);
    rule.addTarget(new targets.LambdaFunction(this.bulkLoader, { event, deadLetterQueue: this.failures }));
    rule.node.addDependency(this.deployed);
  }

  /**
   * A function with the loader's role, variables and dead letters, for constructs beside this one.
   *
   * @internal
   */
  public _addFunction(
    id: string,
    name: HandlerName,
    options: { environment?: Record<string, string>; timeout?: Duration; isSingle?: boolean } = {},
  ): lambda.Function {
    return this.makeFunction(id, name, {
      ...options,
      environment: { ...this.environment(), ...options.environment },
    });
  }

  /** @internal */
  public get _alarms(): LoaderAlarms {
    return this.alarms;
  }

  /** @internal */
  public get _wakeQueueUrl(): string {
    return this.wakes.queue.queueUrl;
  }

  private makeRole(consumed: readonly sqs.IQueue[], written: readonly sqs.IQueue[]): iam.Role {
    const { encryptionKey, eventBus, copyRole } = this.props;
    const stack = Stack.of(this);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Millrace: everything that talks to the warehouse',
    });
    const bus =
      eventBus?.eventBusArn ??
      stack.formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
    for (const statement of [
      ...storageStatements({ bucket: this.bucket, table: this.tracker }, { encryptionKey }),
      ...warehouseStatements(stack, this.props),
      ...fileStatements(this, this._plan.places),
      consume(consumed),
      new iam.PolicyStatement({
        actions: ['sqs:SendMessage'],
        resources: written.map(({ queueArn }) => queueArn),
      }),
      new iam.PolicyStatement({ actions: ['events:PutEvents'], resources: [bus] }),
    ]) {
      allow(role, statement);
    }
    this.allowCopy([
      ...this._plan.places,
      { bucket: this.bucket.bucketName, prefix: CONTROL_PREFIX, after: 'keep' },
    ]);
    if (copyRole && encryptionKey) {
      allow(
        copyRole,
        new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [encryptionKey.keyArn] }),
      );
    }
    return role;
  }

  private allowFiles(places: readonly FilePlace[]): void {
    allow(this.role, ...fileStatements(this, places));
    this.allowCopy(places);
  }

  /** COPY reads, whatever becomes of a file. */
  private allowCopy(places: readonly FilePlace[]): void {
    const read = places.map(({ bucket, prefix }): FilePlace => ({ bucket, prefix, after: 'keep' }));
    if (this.props.copyRole) allow(this.props.copyRole, ...fileStatements(this, read));
  }

  private environment(): Record<string, string> {
    const { environment = {}, eventBus } = this.props;
    return {
      ...this._plan.environment({ bucket: this.bucket.bucketName, table: this.tracker.tableName }),
      WAKE_QUEUE_URL: this.wakes.queue.queueUrl,
      ...(eventBus === undefined ? {} : { EVENT_BUS: eventBus.eventBusName }),
      ...environment,
    };
  }

  private deploy(): CustomResource {
    const { migrations, handlers } = this.props;
    const { step, deployed } = deploymentStep(this, {
      ...this.functionOptions(true),
      access: this.props,
      migrations,
      handlers,
      objects: () =>
        this._plan.objects({
          bucket: this.bucket.bucketName,
          table: this.tracker.tableName,
          wakeQueueUrl: this.wakes.queue.queueUrl,
        }),
    });
    step.node.addDependency(this.role);
    return deployed;
  }

  private makeFunction(
    id: string,
    name: HandlerName,
    {
      environment,
      timeout = LOAD_TIMEOUT,
      isSingle = false,
    }: { environment: Record<string, string>; timeout?: Duration; isSingle?: boolean },
  ): lambda.Function {
    const made = bundledFunction(this, id, {
      ...this.functionOptions(isSingle),
      code: lambda.Code.fromAsset(handlerPath(name, this.props.handlers)),
      description: `Millrace: ${name}`,
      timeout,
      environment,
      retryAttempts: 2,
    });
    made.node.addDependency(this.deployed);
    return made;
  }

  private functionOptions(isSingle: boolean) {
    const {
      memorySize = MEMORY_SIZE,
      logRetention = logs.RetentionDays.THREE_MONTHS,
      reserveConcurrency = true,
    } = this.props;
    return {
      role: this.role,
      memorySize,
      logRetention,
      failures: this.failures,
      ...(isSingle && reserveConcurrency ? { reservedConcurrency: 1 } : {}),
    };
  }

  private guardedQueue(id: string, timeout: Duration): GuardedQueue {
    const queue = new GuardedQueue(this, id, {
      visibilityTimeout: Duration.seconds(timeout.toSeconds() * VISIBILITY_FACTOR),
      encryptionKey: this.props.encryptionKey,
    });
    this.deadLetters.push(queue.deadLetters);
    return queue;
  }

  private take(
    id: string,
    target: lambda.IFunction,
    { from, maxConcurrency }: { from: GuardedQueue; maxConcurrency: number },
  ): void {
    const mapping = new lambda.EventSourceMapping(this, id, {
      target,
      eventSourceArn: from.queue.queueArn,
      batchSize: 10,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(this.role);
  }

  private hearStatements(ends: sqs.IQueue): void {
    const rule = new events.Rule(this, 'StatementEnded', {
      description: "Millrace: ends of this loader's statements",
      eventPattern: {
        source: ['aws.redshift-data'],
        detailType: ['Redshift Data Statement Status Change'],
        detail: {
          state: ['FINISHED', 'FAILED', 'ABORTED'],
          statementName: [{ prefix: `${this._plan.statementNamePrefix}/` }],
        },
      },
      targets: [
        new targets.SqsQueue(ends, {
          deadLetterQueue: this.failures,
          maxEventAge: END_MAX_AGE,
          retryAttempts: 10,
        }),
      ],
    });
    rule.node.addDependency(this.deployed);
  }

  private schedule(id: string, target: lambda.IFunction, every: Duration): void {
    const rule = new events.Rule(this, id, {
      schedule: events.Schedule.rate(every),
      description: `Millrace: ${target.node.id}`,
      // What could not be invoked comes again with the next minute.
      targets: [new targets.LambdaFunction(target, { retryAttempts: 0, deadLetterQueue: this.failures })],
    });
    rule.node.addDependency(this.deployed);
  }

  private makeAlarms(): LoaderAlarms {
    const { unprocessedFilesAlarm = 10_000, stuckMinutesAlarm = 30, alarmActions = [] } = this.props;
    const alarms = new LoaderAlarms(this, 'Alarms', {
      sweeper: this.sweeper,
      database: this.props.database,
      freshness: this._plan.freshnessAlarm,
      unprocessedFiles: unprocessedFilesAlarm,
      stuckMinutes: stuckMinutesAlarm,
      actions: alarmActions,
    });
    for (const queue of this.deadLetters)
      alarms.watchDeadLetters(queue.node.scope?.node.id ?? queue.node.id, queue);
    alarms.watchDeadLetters('Invocations', this.failures);
    return alarms;
  }

  private watch(id: string, { deadLetters }: GuardedQueue): void {
    this.alarms.watchDeadLetters(id, deadLetters);
  }
}

function consume(queues: readonly sqs.IQueue[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
    resources: queues.map(({ queueArn }) => queueArn),
  });
}
