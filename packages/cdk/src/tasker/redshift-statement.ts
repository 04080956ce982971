import { Duration } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import type { RedshiftTasker } from './redshift-tasker';

/** A statement, or several as one transaction, and how long a state waits for them. */
export interface RedshiftStatementProps {
  /** Who runs it. */
  readonly tasker: RedshiftTasker;
  /** One statement on its own, several as one transaction; at most 40, of at most 100 KB each. */
  readonly sql: string[];
  /**
   * Values of `:name` in the statements, as texts or `JsonPath` references.
   *
   * @default - none
   */
  readonly parameters?: { [name: string]: string };
  /**
   * Puts the rows of the last statement that has some into the state's result, as `rows`. Results of more than 256 KB fail the
   * state with `RESULT_TOO_LARGE`, after the statement took effect.
   *
   * @default false
   */
  readonly includeRows?: boolean;
  /**
   * How long the state waits before it fails with `States.Timeout`. The statement goes on: see `RedshiftCancellation`.
   *
   * @default Duration.hours(24) the longest that the Data API runs a statement
   */
  readonly timeBudget?: Duration;
  /**
   * Fails the state with `States.Timeout` when the tasker has not told for so long that the statement runs. Needs
   * a `timeBudget`, and at least three of the tasker's sweep intervals.
   *
   * @default - no heartbeats
   */
  readonly heartbeat?: Duration;
  /**
   * Tells apart the items of a Map that this state is in. Without it, two items with the same statement would be the same call.
   *
   * @default false
   */
  readonly insideMap?: boolean;
  /**
   * Where the result goes in the state's input.
   *
   * @default - the result is the state's output
   */
  readonly resultPath?: string;
  /**
   * A comment on the state.
   *
   * @default - none
   */
  readonly comment?: string;
}

/** The longest that the Data API runs a statement. */
const LONGEST = Duration.hours(24);
/** One sweep may come late, and one may be lost. */
const SWEEPS_PER_HEARTBEAT = 3;

/**
 * A state that runs SQL on Redshift and goes on when it has ended. It is tried again when Lambda is busy; tried again, a statement is
 * not run twice. Catch `FAILED` for errors of the SQL, `States.Timeout` for the end of the time budget, `ABORTED` for a
 * cancellation.
 */
export class RedshiftStatement extends tasks.LambdaInvoke {
  constructor(scope: Construct, id: string, props: RedshiftStatementProps) {
    check(props);
    const { tasker, sql, parameters, includeRows, timeBudget = LONGEST, heartbeat, insideMap } = props;
    const [only] = sql;
    super(scope, id, {
      lambdaFunction: tasker.lambdaFunction,
      integrationPattern: sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
      payload: sfn.TaskInput.fromObject({
        taskToken: sfn.JsonPath.taskToken,
        executionArn: sfn.JsonPath.stringAt('$$.Execution.Id'),
        stateName: sfn.JsonPath.stringAt('$$.State.Name'),
        enteredTime: sfn.JsonPath.stringAt('$$.State.EnteredTime'),
        ...(insideMap ? { mapIndex: sfn.JsonPath.numberAt('$$.Map.Item.Index') } : {}),
        ...(sql.length === 1 ? { sqlStatement: only } : { sqlStatements: sql }),
        ...(parameters === undefined ? {} : { parameters }),
        ...(includeRows ? { result: true } : {}),
        ...(heartbeat === undefined ? {} : { heartbeats: true }),
      }),
      taskTimeout: sfn.Timeout.duration(timeBudget),
      ...(heartbeat === undefined ? {} : { heartbeatTimeout: sfn.Timeout.duration(heartbeat) }),
      ...(props.resultPath === undefined ? {} : { resultPath: props.resultPath }),
      ...(props.comment === undefined ? {} : { comment: props.comment }),
    });
    // One at a time is the tasker's default: that it is busy is no failure.
    this.addRetry({
      errors: ['Lambda.TooManyRequestsException', 'LoadError.throttled'],
      interval: Duration.seconds(1),
      maxAttempts: 10,
      backoffRate: 1.5,
    });
  }
}

/** Whose statements are to end. */
export interface RedshiftCancellationProps {
  /** Who runs them. */
  readonly tasker: RedshiftTasker;
  /**
   * Cancels the statements of this state alone.
   *
   * @default - all statements of the execution
   */
  readonly stateName?: string;
  /**
   * Where the result goes in the state's input.
   *
   * @default - the result is the state's output
   */
  readonly resultPath?: string;
}

/** A state that cancels statements of its own execution which have not ended, and does not wait for it. */
export class RedshiftCancellation extends tasks.LambdaInvoke {
  constructor(scope: Construct, id: string, props: RedshiftCancellationProps) {
    super(scope, id, {
      lambdaFunction: props.tasker.lambdaFunction,
      payload: sfn.TaskInput.fromObject({
        action: 'cancel',
        executionArn: sfn.JsonPath.stringAt('$$.Execution.Id'),
        ...(props.stateName === undefined ? {} : { stateName: props.stateName }),
      }),
      ...(props.resultPath === undefined ? {} : { resultPath: props.resultPath }),
    });
    this.addRetry({
      errors: ['Lambda.TooManyRequestsException'],
      interval: Duration.seconds(1),
      maxAttempts: 10,
      backoffRate: 1.5,
    });
  }
}

function check({ tasker, sql, timeBudget, heartbeat }: RedshiftStatementProps): void {
  if (sql.length === 0 || sql.length > 40) {
    throw new Error(`'sql' has ${sql.length} statements: write 1 to 40, or call a stored procedure`);
  }
  if (timeBudget !== undefined && timeBudget.toSeconds() > LONGEST.toSeconds()) {
    throw new Error(`'timeBudget' is ${timeBudget.toHours()} hours: the Data API ends a statement after 24`);
  }
  if (heartbeat === undefined) return;
  if (timeBudget === undefined) {
    throw new Error(
      "'heartbeat' is given without 'timeBudget': heartbeats would keep the state waiting for ever",
    );
  }
  const least = SWEEPS_PER_HEARTBEAT * tasker.sweepInterval.toSeconds();
  if (heartbeat.toSeconds() < least) {
    throw new Error(
      `'heartbeat' is ${heartbeat.toSeconds()} seconds: write ${least} or more, three sweeps of the tasker`,
    );
  }
  if (heartbeat.toSeconds() >= timeBudget.toSeconds()) {
    throw new Error(
      `'heartbeat' (${heartbeat.toSeconds()} s) is not shorter than 'timeBudget' (${timeBudget.toSeconds()} s)`,
    );
  }
}
