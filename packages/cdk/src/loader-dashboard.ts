import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { byTarget } from './loader-metrics';

export interface LoaderDashboardOptions {
  readonly functions: readonly lambda.IFunction[];
  readonly deadLetters: readonly sqs.IQueue[];
}

const HALF = 12;
const THIRD = 8;

/** The loader at a glance: how fresh, how much, what waits, what failed. */
export function loaderDashboard(
  scope: Construct,
  id: string,
  { functions, deadLetters }: LoaderDashboardOptions,
): cloudwatch.Dashboard {
  const graph = (title: string, width: number, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget =>
    new cloudwatch.GraphWidget({ title, width, left });
  const period = Duration.minutes(1);
  return new cloudwatch.Dashboard(scope, id, {
    defaultInterval: Duration.hours(3),
    widgets: [
      [
        graph('Freshness, p95 (ms)', HALF, [byTarget('p95', 'Freshness')]),
        graph('Unprocessed files', HALF, [byTarget('Maximum', 'UnprocessedFiles')]),
      ],
      [
        graph('Rows loaded', THIRD, [byTarget('Sum', 'RowsLoaded')]),
        graph('Files loaded', THIRD, [byTarget('Sum', 'FilesLoaded')]),
        graph('Load duration, p95 (ms)', THIRD, [byTarget('p95', 'LoadDuration')]),
      ],
      [
        graph('Failed jobs', THIRD, [byTarget('Sum', 'JobsFailed')]),
        graph('Quarantined files', THIRD, [byTarget('Sum', 'FilesQuarantined')]),
        graph('Held lanes', THIRD, [byTarget('Sum', 'LanesHeld')]),
      ],
      [
        graph(
          'Dead letters',
          THIRD,
          deadLetters.map((queue) => queue.metricApproximateNumberOfMessagesVisible({ period })),
        ),
        graph(
          'Errors of functions',
          THIRD,
          functions.map((one) => one.metricErrors({ period })),
        ),
        graph(
          'Durations of functions, p95',
          THIRD,
          functions.map((one) => one.metricDuration({ period, statistic: 'p95' })),
        ),
      ],
    ],
  });
}
