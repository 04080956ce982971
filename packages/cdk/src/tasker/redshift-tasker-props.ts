import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/** Whose statements state machines may run: one user on one database. */
export interface RedshiftTaskerProps {
  /**
   * The provisioned cluster, by its identifier.
   *
   * @default - none; then `workgroup` has to be given
   */
  readonly cluster?: string;
  /**
   * The serverless workgroup: its name, or its ARN, with which the role's rights name this workgroup alone.
   *
   * @default - none; then `cluster` has to be given
   */
  readonly workgroup?: string;
  /**
   * The workgroup's ARN, where `workgroup` is its name: the role's rights then name this workgroup alone.
   *
   * @default - none: the rights are for every workgroup of the account, with the credentials of this role alone
   */
  readonly workgroupArn?: string;
  /** The database that statements run in. */
  readonly database: string;
  /**
   * The database user, on a cluster.
   *
   * @default - the user that IAM maps the tasker's role to, `IAMR:<role>`
   */
  readonly dbUser?: string;
  /**
   * Holds the credentials of the database user.
   *
   * @default - temporary credentials by IAM
   */
  readonly secret?: secretsmanager.ISecret;
  /**
   * Part of the name of every statement, `sfn/<name>/…`: what tells the tasker's statements from those of others. 1 to 64 letters,
   * digits, `_` and `-`.
   *
   * @default - made from the construct's path
   */
  readonly taskerName?: string;
  /**
   * Invocations that may run at once, completions included. States that find the function busy are tried again, as
   * `RedshiftStatement` does it.
   *
   * @default 1
   */
  readonly reservedConcurrency?: number;
  /**
   * Gives completions a function of their own, so that they never wait behind new statements.
   *
   * @default false
   */
  readonly separateCompletions?: boolean;
  /**
   * How often statements are looked at whose completion event did not come, and heartbeats are sent. A whole number of minutes.
   *
   * @default Duration.minutes(1)
   */
  readonly sweepInterval?: Duration;
  /**
   * Encrypts the table and the queues.
   *
   * @default - a new key, which rotates
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Of the functions, in megabytes.
   *
   * @default 256
   */
  readonly memorySize?: number;
  /**
   * How long logs are kept.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * What happens to the table and its key when the stack is deleted. What is in it is of use only while executions wait.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
}
