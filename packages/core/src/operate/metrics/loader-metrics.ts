import type { StatusReport, TargetStatus } from '../../ports/operations.ts';
import type { LoaderEvent } from '../../verbs/loader-event.ts';

/** A unit of CloudWatch, of those that Millrace needs. */
export type MetricUnit = 'Count' | 'Bytes' | 'Milliseconds';

/**
 * - `counter`: what is told adds up.
 * - `distribution`: every value told counts by itself.
 * - `gauge`: what is told is how it is now.
 */
export type MetricKind = 'counter' | 'distribution' | 'gauge';

/** A metric as CloudWatch and Prometheus have it. Its dimension, or label, is `target`. */
export interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  /** What it tells, and when. */
  readonly help: string;
}

/** All metrics of loading, in one place: every exporter has these, and docs/metrics.md a row for each. */
export const LOADER_METRICS = [
  counter('FilesArrived', 'files were written down as waiting'),
  counter('JobsSubmitted', 'the warehouse took a load job'),
  counter('FilesLoaded', 'a load job is proven to have committed'),
  counter('RowsLoaded', 'the same, where the warehouse tells its rows'),
  { ...counter('BytesLoaded', 'the same, by the size of its objects'), unit: 'Bytes' },
  distribution('LoadDuration', "the same: from the job's plan to the proof"),
  distribution('Freshness', 'the same: how long each file was there before its rows were'),
  counter('JobsFailed', 'a load job did not commit'),
  counter('FilesQuarantined', 'files were put aside for somebody to look at'),
  counter('FilesSuperseded', 'files were put aside because their key was rewritten'),
  counter('TableChanges', 'a table was changed because a file asked for it'),
  counter('LanesHeld', 'a lane began to wait for more than time'),
  counter('Outages', 'the warehouse was found away, and all lanes wait'),
  counter('OutagesOverdue', 'an outage has lasted longer than `maxHold`'),
  distribution('OutageDuration', 'how long an outage was, when it is over'),
  gauge('FilesWaiting', 'files that wait now, those of the job in hand included'),
  {
    ...gauge('OldestWaiting', 'how long the oldest of them has been waiting; 0: none is'),
    unit: 'Milliseconds',
  },
  gauge('FilesInQuarantine', 'files that are quarantined now'),
  gauge('LaneHeld', '1 while the lane is held or paused, else 0'),
] as const satisfies readonly MetricDefinition[];

export type LoaderMetricName = (typeof LOADER_METRICS)[number]['name'];

export interface MeasuredMetric {
  readonly name: LoaderMetricName;
  readonly unit: MetricUnit;
  /** One value, or several of a distribution. */
  readonly value: number | readonly number[];
}

export interface Measurement {
  readonly metrics: readonly MeasuredMetric[];
  /** What a log can be searched for beside the metrics; never a dimension. */
  readonly properties: Readonly<Record<string, string | number | null>>;
}

const UNITS: ReadonlyMap<string, MetricUnit> = new Map(LOADER_METRICS.map(({ name, unit }) => [name, unit]));

/** The metrics of an event. Pure: the same event is the same metrics. */
export function measureEvent(event: LoaderEvent): Measurement {
  switch (event.kind) {
    case 'files-waiting':
      return { metrics: [one('FilesArrived', event.files)], properties: {} };
    case 'job-submitted':
      return { metrics: [one('JobsSubmitted', 1)], properties: { job: event.job.id } };
    case 'table-loaded':
      return {
        metrics: [
          one('FilesLoaded', event.job.files),
          ...(event.rows === null ? [] : [one('RowsLoaded', event.rows)]),
          one('BytesLoaded', event.job.bytes),
          one('LoadDuration', event.at - event.job.submittedAt),
          // Clocks differ: a file may look as if it had come after it was loaded.
          one(
            'Freshness',
            event.arrivals.map((at) => Math.max(0, event.at - at)),
          ),
        ],
        properties: { job: event.job.id },
      };
    case 'job-failed':
      return {
        metrics: [one('JobsFailed', 1)],
        properties: { job: event.job.id, code: event.code, reason: event.reason },
      };
    case 'file-aside':
      return {
        metrics: [one(event.status === 'quarantined' ? 'FilesQuarantined' : 'FilesSuperseded', 1)],
        properties: { url: event.file.url, code: event.evidence.code, reason: event.evidence.reason },
      };
    case 'table-changed':
      return {
        metrics: [one('TableChanges', 1)],
        properties: { column: event.column, statement: event.statement, url: event.fileUrl },
      };
    case 'lane-held':
      return {
        metrics: [one('LanesHeld', 1)],
        properties: { code: event.code, reason: event.reason, until: event.until },
      };
    case 'warehouse-held':
      return {
        metrics: [one(event.isOverdue ? 'OutagesOverdue' : 'Outages', 1)],
        properties: { reason: event.reason, since: event.since },
      };
    case 'warehouse-back':
      return {
        metrics: [one('OutageDuration', event.at - event.since)],
        properties: { since: event.since },
      };
  }
}

/** The gauges of every target of a status. Pure. */
export function measureStatus({ targets }: StatusReport): ReadonlyMap<string, readonly MeasuredMetric[]> {
  return new Map(Object.entries(targets).map(([target, status]) => [target, measureTarget(status)]));
}

function measureTarget({
  state,
  waiting,
  loading,
  quarantined,
  oldestWaitingAgeMs,
}: Pick<
  TargetStatus,
  'state' | 'waiting' | 'loading' | 'quarantined' | 'oldestWaitingAgeMs'
>): readonly MeasuredMetric[] {
  return [
    one('FilesWaiting', waiting + loading),
    one('OldestWaiting', oldestWaitingAgeMs ?? 0),
    one('FilesInQuarantine', quarantined),
    one('LaneHeld', state === 'held' || state === 'paused' ? 1 : 0),
  ];
}

/**
 * The same name as Prometheus spells it: `FilesLoaded` is `millrace_files_loaded_total`, and what is told in milliseconds is
 * told in seconds there.
 */
export function prometheusNameOf({ name, kind, unit }: MetricDefinition): string {
  const words = name.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, '_').toLowerCase();
  const seconds = unit === 'Milliseconds' ? '_seconds' : '';
  return `millrace_${words}${seconds}${kind === 'counter' ? '_total' : ''}`;
}

function one(name: LoaderMetricName, value: MeasuredMetric['value']): MeasuredMetric {
  return { name, unit: UNITS.get(name) ?? 'Count', value };
}

function counter<Name extends string>(name: Name, help: string) {
  return { name, kind: 'counter', unit: 'Count', help } as const;
}

function distribution<Name extends string>(name: Name, help: string) {
  return { name, kind: 'distribution', unit: 'Milliseconds', help } as const;
}

function gauge<Name extends string>(name: Name, help: string) {
  return { name, kind: 'gauge', unit: 'Count', help } as const;
}
