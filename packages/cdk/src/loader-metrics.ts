import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** As the functions write them. */
const NAMESPACE = 'millrace';
const PERIOD = Duration.minutes(1);

export type LoaderMetric =
  | 'BytesLoaded'
  | 'FilesArrived'
  | 'FilesLoaded'
  | 'FilesQuarantined'
  | 'Freshness'
  | 'JobsFailed'
  | 'LanesHeld'
  | 'LoadDuration'
  | 'OutagesOverdue'
  | 'RowsLoaded'
  | 'UnprocessedFiles';

/** A metric over all targets, as one line: an alarm takes no search, and targets come and go. */
export function overTargets(
  statistic: 'AVG' | 'MAX' | 'SUM',
  metric: LoaderMetric,
  { label, period = PERIOD }: { readonly label?: string; readonly period?: Duration } = {},
): cloudwatch.MathExpression {
  return new cloudwatch.MathExpression({
    expression: `SELECT ${statistic}(${metric}) FROM SCHEMA(${NAMESPACE}, target)`,
    label: label ?? metric,
    period,
    usingMetrics: {},
  });
}

/** A metric by target: for graphs. */
export function byTarget(
  statistic: 'Average' | 'Maximum' | 'Sum' | 'p95',
  metric: LoaderMetric,
): cloudwatch.MathExpression {
  return new cloudwatch.MathExpression({
    expression: `SEARCH('{${NAMESPACE},target} MetricName="${metric}"', '${statistic}')`,
    label: '',
    period: PERIOD,
    usingMetrics: {},
  });
}
