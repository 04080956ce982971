import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface BundledFunctionOptions {
  readonly code: lambda.Code;
  readonly description: string;
  readonly role: iam.IRole;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  readonly memorySize: number;
  readonly logRetention: logs.RetentionDays;
  /** Takes invocations that nobody waits for, when they failed for good. */
  readonly failures: sqs.IQueue;
  /** How often such an invocation is tried again. */
  readonly retryAttempts: number;
  /** How many may run at once; undefined: whoever invokes it says. */
  readonly reservedConcurrency?: number | undefined;
}

/** Nobody is helped by an invocation that is hours late: what it was about is found by the sweeper. */
const MAX_EVENT_AGE = Duration.hours(1);

/**
 * A function out of a bundle: Node 24 on arm64, a log group of its own that forgets, and a place for what fails. Its role gets
 * the rights to write its log and to report failures, and nothing else.
 */
export function bundledFunction(
  scope: Construct,
  id: string,
  options: BundledFunctionOptions,
): lambda.Function {
  const { role, failures, retryAttempts, reservedConcurrency, logRetention, ...own } = options;
  const logGroup = new logs.LogGroup(scope, `${id}Log`, {
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  );
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [failures.queueArn] }),
  );
  const made = new lambda.Function(scope, id, {
    ...own,
    handler: 'index.handler',
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    role,
    logGroup,
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
  });
  const invokes = new lambda.CfnEventInvokeConfig(scope, `${id}Invocations`, {
    functionName: made.functionName,
    qualifier: '$LATEST',
    maximumRetryAttempts: retryAttempts,
    maximumEventAgeInSeconds: MAX_EVENT_AGE.toSeconds(),
    destinationConfig: { onFailure: { destination: failures.queueArn } },
  });
  // Lambda asks whether the role may send there when it is told to.
  invokes.node.addDependency(role);
  return made;
}
