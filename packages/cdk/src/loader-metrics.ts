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

/** What each sweep tells of all targets of a database together. */
export type LoaderGauge = 'LaneHeld' | 'OldestWaiting';

/** A gauge of a database: it stands for as long as what it tells of. */
export function gaugeOf(
  database: string,
  gauge: LoaderGauge,
  { period = PERIOD }: { readonly period?: Duration } = {},
): cloudwatch.Metric {
  const dimensionsMap = { database };
  return new cloudwatch.Metric({
    namespace: NAMESPACE,
    metricName: gauge,
    dimensionsMap,
    statistic: 'Maximum',
    period,
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
