import { ArnFormat, Duration, Names, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { allow } from '../acknowledged-rules';
import { bundledFunction } from '../bundled-function';
import { GuardedQueue } from '../guarded-queue';
import { handlerPath } from '../handlers';
import { keyStatement, openKeyTo } from '../loader-storage';
import { checkWarehouse, warehouseStatements } from '../warehouse-access';
import type { RedshiftTaskerProps } from './redshift-tasker-props';

/** The index of statements that have not ended; `packages/aws` asks it by this name. */
const OPEN_INDEX = 'open-statements';
const NAME = /^[\w-]{1,64}$/;
const TIMEOUT = Duration.minutes(2);
/** Lambda retries a throttled batch until the visibility timeout runs out, and one at a time is the default here. */
const VISIBILITY_FACTOR = 6;
const BATCH_SIZE = 10;
/** The fewest pollers that an event source can be held to. */
const MIN_POLLERS = 2;

/**
 * Lets state machines run SQL on Redshift and wait for its end: a state calls the function with a statement and its task token,
 * and goes on when the statement has ended. See `RedshiftStatement` for the state.
 */
export class RedshiftTasker extends Construct {
  /** What states call: a statement, or a cancellation. */
  public readonly lambdaFunction: lambda.Function;
  /** What hears of ends; the same function unless `separateCompletions` is set. */
  public readonly completionFunction: lambda.Function;
  /** The role of the functions: one database user, for only who submitted a statement may ask for it. */
  public readonly role: iam.Role;
  /** Which statements states wait for. */
  public readonly table: dynamodb.Table;
  /** Where completion events arrive. */
  public readonly completions: sqs.Queue;
  /** Completion events, and sweeps, that failed too often. */
  public readonly deadLetters: sqs.Queue;
  /** Encrypts the table and the queues. */
  public readonly encryptionKey: kms.IKey;
  /** `sfn/<name>/`: what the names of the tasker's statements begin with. */
  public readonly statementNamePrefix: string;
  /** How often statements are looked at whose end was not announced. */
  public readonly sweepInterval: Duration;

  constructor(scope: Construct, id: string, props: RedshiftTaskerProps) {
    super(scope, id);
    checkWarehouse(props);
    const {
      taskerName = Names.uniqueResourceName(this, {
        maxLength: 64,
        allowedSpecialCharacters: '-_',
        separator: '-',
      }),
      sweepInterval = Duration.minutes(1),
      removalPolicy = RemovalPolicy.DESTROY,
      reservedConcurrency = 1,
      separateCompletions = false,
    } = props;
    checkOptions({ taskerName, sweepInterval, reservedConcurrency });
    this.sweepInterval = sweepInterval;
    this.statementNamePrefix = `sfn/${taskerName}/`;
    this.encryptionKey =
      props.encryptionKey ?? new kms.Key(this, 'Key', { enableKeyRotation: true, removalPolicy });
    openKeyTo(this.encryptionKey, ['events.amazonaws.com']);
    this.table = this.makeTable(removalPolicy);
    const guarded = new GuardedQueue(this, 'Completions', {
      visibilityTimeout: Duration.seconds(TIMEOUT.toSeconds() * VISIBILITY_FACTOR),
      encryptionKey: this.encryptionKey,
    });
    this.completions = guarded.queue;
    this.deadLetters = guarded.deadLetters;
    this.role = this.makeRole(props);
    const make = (name: string, description: string): lambda.Function =>
      bundledFunction(this, name, {
        code: lambda.Code.fromAsset(handlerPath('redshift-tasker')),
        description,
        role: this.role,
        timeout: TIMEOUT,
        environment: environmentOf(props, { taskerName, table: this.table.tableName }),
        memorySize: props.memorySize ?? 256,
        logRetention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
        failures: this.deadLetters,
        retryAttempts: 0,
        reservedConcurrency,
      });
    this.lambdaFunction = make('Function', 'Millrace: runs statements for state machines that wait');
    this.completionFunction = separateCompletions
      ? make('CompletionFunction', 'Millrace: tells state machines how their statements ended')
      : this.lambdaFunction;
    this.hearEnds();
  }

  /** Lets a role start statements, and cancel them. States made by `RedshiftStatement` grant it to their state machine themselves. */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.lambdaFunction.grantInvoke(grantee);
  }

  private makeTable(removalPolicy: RemovalPolicy): dynamodb.Table {
    const table = new dynamodb.Table(this, 'Statements', {
      partitionKey: { name: 'execution', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'statement', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires_at',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.encryptionKey,
      removalPolicy,
    });
    table.addGlobalSecondaryIndex({
      indexName: OPEN_INDEX,
      partitionKey: { name: 'open', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'look_at', type: dynamodb.AttributeType.NUMBER },
      projectionType: dynamodb.ProjectionType.KEYS_ONLY,
    });
    return table;
  }

  private makeRole(props: RedshiftTaskerProps): iam.Role {
    const stack = Stack.of(this);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Millrace: runs statements for state machines',
    });
    const statements = [
      ...warehouseStatements(stack, props),
      new iam.PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        resources: [this.table.tableArn],
      }),
      new iam.PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: [`${this.table.tableArn}/index/${OPEN_INDEX}`],
      }),
      // Which state machines use the function is not known here, and naming them would be a circle: they name the function.
      new iam.PolicyStatement({
        actions: ['states:SendTaskFailure', 'states:SendTaskHeartbeat', 'states:SendTaskSuccess'],
        resources: [
          stack.formatArn({
            service: 'states',
            resource: 'stateMachine',
            resourceName: '*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
      }),
      new iam.PolicyStatement({
        actions: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
        resources: [this.completions.queueArn],
      }),
      keyStatement(this.encryptionKey),
    ];
    allow(role, ...statements);
    return role;
  }

  private hearEnds(): void {
    new events.Rule(this, 'Ended', {
      description: 'Millrace: ends of statements that state machines wait for',
      eventPattern: {
        source: ['aws.redshift-data'],
        detailType: ['Redshift Data Statement Status Change'],
        detail: {
          state: ['FINISHED', 'FAILED', 'ABORTED'],
          statementName: [{ prefix: this.statementNamePrefix }],
        },
      },
      targets: [new targets.SqsQueue(this.completions)],
    });
    // By itself: with it, the queue would add rights to the role that it has.
    new lambda.CfnEventSourceMapping(this, 'Mapping', {
      functionName: this.completionFunction.functionName,
      eventSourceArn: this.completions.queueArn,
      batchSize: BATCH_SIZE,
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: MIN_POLLERS },
    }).node.addDependency(this.role);
    new events.Rule(this, 'Sweep', {
      description: 'Millrace: statements whose end was not announced',
      schedule: events.Schedule.rate(this.sweepInterval),
      targets: [
        new targets.LambdaFunction(this.completionFunction, {
          event: events.RuleTargetInput.fromObject({ action: 'sweep' }),
          deadLetterQueue: this.deadLetters,
          retryAttempts: 0,
        }),
      ],
    });
  }
}

function environmentOf(
  { cluster, workgroup, database, dbUser, secret }: RedshiftTaskerProps,
  { taskerName, table }: { taskerName: string; table: string },
): Record<string, string> {
  return {
    TASKER_NAME: taskerName,
    TASKER_TABLE: table,
    REDSHIFT_DATABASE: database,
    ...(cluster === undefined ? {} : { REDSHIFT_CLUSTER: cluster }),
    ...(workgroup === undefined ? {} : { REDSHIFT_WORKGROUP: workgroup }),
    ...(dbUser === undefined ? {} : { REDSHIFT_DB_USER: dbUser }),
    ...(secret === undefined ? {} : { REDSHIFT_SECRET_ARN: secret.secretArn }),
  };
}

function checkOptions({
  taskerName,
  sweepInterval,
  reservedConcurrency,
}: {
  taskerName: string;
  sweepInterval: Duration;
  reservedConcurrency: number;
}): void {
  if (Token.isUnresolved(taskerName) || !NAME.test(taskerName)) {
    throw new Error(
      `'taskerName' is '${taskerName}': write 1 to 64 letters, digits, '_' and '-', known at synthesis`,
    );
  }
  const seconds = sweepInterval.toSeconds();
  if (seconds < 60 || seconds % 60 !== 0) {
    throw new Error(`'sweepInterval' is ${seconds} seconds: write a whole number of minutes`);
  }
  if (reservedConcurrency < 1 || !Number.isInteger(reservedConcurrency)) {
    throw new Error(
      `'reservedConcurrency' is ${reservedConcurrency}: write 1 or more, or nothing would ever run`,
    );
  }
}
