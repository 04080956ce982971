import type { MetricUnit } from '@millrace/core';

export interface Metric {
  readonly name: string;
  readonly unit: MetricUnit;
  /** One value, or a sample of several. */
  readonly value: number | readonly number[];
}

export interface MetricLine {
  readonly at: number;
  readonly namespace: string;
  /** What the metrics are told apart by; at most 30. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly metrics: readonly Metric[];
  /** Dimensions by which the same metrics are told apart once more, beside those above. */
  readonly alsoBy?: Readonly<Record<string, string>>;
  /** What Logs Insights can search for beside the metrics: never a dimension, so it may differ in every line. */
  readonly properties?: Readonly<Record<string, string | number | null>>;
}

/** CloudWatch takes at most so many values of a metric in one line. */
export const MAX_VALUES = 100;
/** CloudWatch cuts dimension values here. */
const MAX_DIMENSION = 1_024;
/** An error of the warehouse can be pages long; a line of the log is not the place for it. */
const MAX_PROPERTY = 1_000;

/**
 * Metrics as one line of a log, in CloudWatch's embedded metric format: CloudWatch Logs makes metrics of it, without an
 * API call of ours. Without a line feed at the end.
 */
export function renderMetricLine({
  at,
  namespace,
  dimensions,
  metrics,
  alsoBy = {},
  properties = {},
}: MetricLine): string {
  const names = Object.fromEntries(
    Object.entries({ ...dimensions, ...alsoBy }).map(([name, value]) => [
      name,
      value.slice(0, MAX_DIMENSION),
    ]),
  );
  const searched = Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, MAX_PROPERTY) : value,
    ]),
  );
  return JSON.stringify({
    ...searched,
    ...names,
    ...Object.fromEntries(
      metrics.map(({ name, value }) => [name, typeof value === 'number' ? value : sample(value)]),
    ),
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [
            Object.keys(dimensions),
            ...(Object.keys(alsoBy).length > 0 ? [Object.keys(names)] : []),
          ],
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
  });
}

/** At most as many as a line may have: the smallest, the largest, and evenly between them. */
function sample(values: readonly number[]): readonly number[] {
  if (values.length <= MAX_VALUES) return values;
  const sorted = values.toSorted((a, b) => a - b);
  const step = (sorted.length - 1) / (MAX_VALUES - 1);
  return Array.from({ length: MAX_VALUES }, (_, nth) => sorted[Math.round(nth * step)] ?? 0);
}
