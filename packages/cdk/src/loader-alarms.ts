import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { gaugeOf, overTargets } from './loader-metrics';

export interface LoaderAlarmsOptions {
  readonly sweeper: lambda.IFunction;
  readonly database: string;
  readonly freshness: Duration;
  readonly unprocessedFiles: number;
  readonly stuckMinutes: number;
  readonly actions: readonly cloudwatch.IAlarmAction[];
}

/** How long the sweeper may be silent: it runs every minute. */
const SILENCE_MINUTES = 5;
/** Holds that end by themselves are over sooner. */
const HELD_MINUTES = 3;
const WAITING_PERIOD = Duration.minutes(5);

/** What tells people that they have to look. Each alarm says what to do. */
export class LoaderAlarms extends Construct {
  readonly #actions: readonly cloudwatch.IAlarmAction[];

  constructor(scope: Construct, id: string, options: LoaderAlarmsOptions) {
    super(scope, id);
    this.#actions = options.actions;
    const { sweeper, database, freshness, unprocessedFiles, stuckMinutes } = options;
    const unprocessed = overTargets('MAX', 'UnprocessedFiles');
    this.#raise('UnprocessedFilesHigh', {
      metric: unprocessed,
      threshold: unprocessedFiles,
      evaluationPeriods: 5,
      alarmDescription: `More than ${unprocessedFiles} files of a target wait to be enqueued: raise maxFilesPerRun, or find out why loads are slow.`,
    });
    this.#raise('UnprocessedFilesStuck', {
      metric: new cloudwatch.MathExpression({
        expression: 'IF(unprocessed > 0 AND DIFF(unprocessed) >= 0, 1, 0)',
        label: 'unprocessed files that do not become fewer',
        usingMetrics: { unprocessed },
        period: Duration.minutes(1),
      }),
      threshold: 0,
      evaluationPeriods: stuckMinutes,
      alarmDescription: `Unprocessed files have not become fewer for ${stuckMinutes} minutes: millrace failures and millrace doctor say why.`,
    });
    this.#raise('Freshness', {
      metric: overTargets('MAX', 'Freshness'),
      threshold: freshness.toMilliseconds(),
      evaluationPeriods: 3,
      alarmDescription: `Rows were there later than ${freshness.toHumanString()} after their file: the warehouse is slow, away, or loads wait for room.`,
    });
    // Freshness is told by loads: where none ends, nothing else says that rows are late.
    this.#raise('FilesWaitLong', {
      metric: gaugeOf(database, 'OldestWaiting', { period: WAITING_PERIOD }),
      threshold: freshness.toMilliseconds(),
      evaluationPeriods: 3,
      alarmDescription: `A file has waited for longer than ${freshness.toHumanString()}: millrace status says what its lane waits for.`,
    });
    // The gauge, not the count of holds that begin: an alarm that is over after a minute tells that the lane goes on.
    this.#raise('LanesHeld', {
      metric: gaugeOf(database, 'LaneHeld'),
      threshold: 0,
      evaluationPeriods: HELD_MINUTES,
      alarmDescription: 'A lane is held, or paused: millrace status says which, why, and what to do.',
    });
    this.#raise('FilesQuarantined', {
      metric: overTargets('SUM', 'FilesQuarantined'),
      threshold: 0,
      evaluationPeriods: 1,
      alarmDescription: 'A file was put aside: millrace failures shows it with line and reason.',
    });
    this.#raise('OutageOverdue', {
      metric: overTargets('SUM', 'OutagesOverdue'),
      threshold: 0,
      evaluationPeriods: 1,
      alarmDescription: 'The warehouse is away for longer than maxHold: look at the cluster.',
    });
    this.#raise('SweeperErrors', {
      metric: sweeper.metricErrors({ period: Duration.minutes(1), statistic: 'Sum' }),
      threshold: 0,
      evaluationPeriods: 3,
      alarmDescription: 'The sweeper fails: its log says why.',
    });
    this.#raise('SweeperSilent', {
      metric: sweeper.metricInvocations({ period: Duration.minutes(1), statistic: 'Sum' }),
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: SILENCE_MINUTES,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
      alarmDescription: `The sweeper has not run for ${SILENCE_MINUTES} minutes: its schedule is disabled, or the account has no concurrency left.`,
    });
  }

  /** Messages that failed too often lie there until somebody looks. */
  watchDeadLetters(id: string, queue: sqs.IQueue): void {
    this.#raise(`DeadLetters${id}`, {
      metric: queue.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      evaluationPeriods: 1,
      alarmDescription:
        'Messages failed too often: the log of their function says why; then start a redrive of the queue.',
    });
  }

  /** A stream's consumer that falls behind loses events when they become older than what the stream keeps. */
  watchIteratorAge(id: string, consumer: lambda.IFunction, most: Duration): void {
    this.#raise(`IteratorAge${id}`, {
      metric: consumer.metric('IteratorAge', { period: Duration.minutes(1), statistic: 'Maximum' }),
      threshold: most.toMilliseconds(),
      evaluationPeriods: 3,
      alarmDescription: `Events wait for longer than ${most.toHumanString()} in the stream: the consumer's log says why.`,
    });
  }

  #raise(id: string, props: cloudwatch.AlarmProps): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      ...props,
    });
    for (const action of this.#actions) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }
}
