import type { LoaderEvent } from '@millrace/core';
import { type Metric, type MetricLine, renderMetricLine } from './metric-line.ts';

/** The namespace of all of Millrace's metrics, unless another one is asked for. */
export const METRIC_NAMESPACE = 'millrace';

export interface LoaderMetricsOptions {
  /** @default 'millrace' */
  readonly namespace?: string;
  /** Beside `target`: `{ environment: 'production' }`. Every different value is a metric that CloudWatch bills. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

/**
 * The metrics of an event, as a line in CloudWatch's embedded metric format. Dimension: `target`.
 *
 * | metric | unit | when |
 * |---|---|---|
 * | `FilesArrived` | Count | files were written down as waiting |
 * | `JobsSubmitted` | Count | the warehouse took a load job |
 * | `FilesLoaded`, `BytesLoaded` | Count, Bytes | a load job is proven to have committed |
 * | `RowsLoaded` | Count | the same, where the warehouse tells its rows |
 * | `LoadDuration` | Milliseconds | the same: from the job's plan to the proof |
 * | `Freshness` | Milliseconds | the same: how long each file was there before its rows were; a sample of at most 100 |
 * | `JobsFailed` | Count | a load job did not commit; `code` and `reason` are properties |
 * | `FilesQuarantined`, `FilesSuperseded` | Count | a file was put aside; `url`, `code` and `reason` are properties |
 * | `LanesHeld` | Count | a lane waits for more than time; `code` and `reason` are properties |
 * | `Outages` | Count | the warehouse was found away, and all lanes wait |
 * | `OutagesOverdue` | Count | an outage has lasted longer than `maxHold` |
 * | `OutageDuration` | Milliseconds | how long it was, when it is over |
 *
 * Pure: the same event is the same line.
 */
export function toMetricLine(event: LoaderEvent, options: LoaderMetricsOptions = {}): string {
  const { namespace = METRIC_NAMESPACE, dimensions = {} } = options;
  const { metrics, properties } = measure(event);
  const all = { ...dimensions, target: event.target };
  return renderMetricLine({
    at: event.at,
    namespace,
    dimensions: all,
    metrics,
    properties: { event: event.kind, ...properties },
  });
}

/** Metric lines go here: a container's standard output, which Lambda and the CloudWatch agent hand to CloudWatch Logs. */
export type LineSink = (line: string) => void;

/** Makes `onEvent` of a loader: a line per event. Nothing is held back, so nothing is lost when a container freezes. */
export function metricsToStdout(
  options: LoaderMetricsOptions = {},
  // Not console.log, which in Lambda puts words before the line.
  write: LineSink = (line) => process.stdout.write(`${line}\n`),
): (event: LoaderEvent) => void {
  return (event) => write(toMetricLine(event, options));
}

function measure(event: LoaderEvent): Pick<MetricLine, 'metrics' | 'properties'> {
  switch (event.kind) {
    case 'files-waiting':
      return { metrics: [count('FilesArrived', event.files)] };
    case 'job-submitted':
      return { metrics: [count('JobsSubmitted', 1)], properties: { job: event.job.id } };
    case 'table-loaded':
      return {
        metrics: [
          count('FilesLoaded', event.job.files),
          ...(event.rows === null ? [] : [count('RowsLoaded', event.rows)]),
          { name: 'BytesLoaded', unit: 'Bytes', value: event.job.bytes },
          { name: 'LoadDuration', unit: 'Milliseconds', value: event.at - event.job.submittedAt },
          // Clocks differ: a file may look as if it had come after it was loaded.
          {
            name: 'Freshness',
            unit: 'Milliseconds',
            value: event.arrivals.map((at) => Math.max(0, event.at - at)),
          },
        ],
        properties: { job: event.job.id },
      };
    case 'job-failed':
      return {
        metrics: [count('JobsFailed', 1)],
        properties: { job: event.job.id, code: event.code, reason: event.reason },
      };
    case 'file-aside':
      return {
        metrics: [count(event.status === 'quarantined' ? 'FilesQuarantined' : 'FilesSuperseded', 1)],
        properties: { url: event.file.url, code: event.evidence.code, reason: event.evidence.reason },
      };
    case 'table-changed':
      return {
        metrics: [count('TableChanges', 1)],
        properties: { column: event.column, statement: event.statement, url: event.fileUrl },
      };
    case 'lane-held':
      return {
        metrics: [count('LanesHeld', 1)],
        properties: { code: event.code, reason: event.reason, until: event.until },
      };
    case 'warehouse-held':
      return {
        metrics: [count(event.isOverdue ? 'OutagesOverdue' : 'Outages', 1)],
        properties: { reason: event.reason, since: event.since },
      };
    case 'warehouse-back':
      return {
        metrics: [{ name: 'OutageDuration', unit: 'Milliseconds', value: event.at - event.since }],
        properties: { since: event.since },
      };
  }
}

function count(name: string, value: number): Metric {
  return { name, unit: 'Count', value };
}
