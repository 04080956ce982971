import { LOADER_METRICS, type LoaderEvent, measureEvent, type SummedGauges } from '@millrace/core';
import { renderMetricLine } from './metric-line.ts';

/** The namespace of all of Millrace's metrics, unless another one is asked for. */
export const METRIC_NAMESPACE = 'millrace';

export interface LoaderMetricsOptions {
  /** @default 'millrace' */
  readonly namespace?: string;
  /** Beside `target`: `{ environment: 'production' }`. Every different value is a metric that CloudWatch bills. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

/**
 * The metrics of an event, as a line in CloudWatch's embedded metric format. Dimension: `target`. docs/metrics.md says what
 * each of them tells; of a distribution a line has a sample of at most 100 values.
 *
 * Pure: the same event is the same line.
 */
export function toMetricLine(event: LoaderEvent, options: LoaderMetricsOptions = {}): string {
  const { namespace = METRIC_NAMESPACE, dimensions = {} } = options;
  const { metrics, properties } = measureEvent(event);
  const all = { ...dimensions, target: event.target };
  return renderMetricLine({
    at: event.at,
    namespace,
    dimensions: all,
    metrics,
    properties: { event: event.kind, ...properties },
  });
}

/**
 * How all targets of a database stand together, as a line: the gauges, by `database`. By target each would be a metric that
 * CloudWatch bills, also of targets to which nothing happens. Pure.
 */
export function toGaugeLine(
  gauges: SummedGauges,
  { at, database, ...options }: LoaderMetricsOptions & { readonly at: number; readonly database: string },
): string {
  const { namespace = METRIC_NAMESPACE, dimensions = {} } = options;
  const metrics = LOADER_METRICS.filter(({ kind }) => kind === 'gauge').map(({ name, unit }) => {
    return { name, unit, value: gauges[name as keyof SummedGauges] };
  });
  return renderMetricLine({ at, namespace, dimensions: { ...dimensions, database }, metrics });
}

/** Metric lines go here: a container's standard output, which Lambda and the CloudWatch agent hand to CloudWatch Logs. */
export type LineSink = (line: string) => void;

/** Not console.log, which in Lambda puts words before the line. */
export function toStdout(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Makes `onEvent` of a loader: a line per event. Nothing is held back, so nothing is lost when a container freezes. */
export function metricsToStdout(
  options: LoaderMetricsOptions = {},
  write: LineSink = toStdout,
): (event: LoaderEvent) => void {
  return (event) => write(toMetricLine(event, options));
}
