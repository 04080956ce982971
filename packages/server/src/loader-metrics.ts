import {
  LOADER_METRICS,
  type LoaderEvent,
  type MeasuredMetric,
  type MetricDefinition,
  measureEvent,
  measureStatus,
  prometheusNameOf,
  type StatusReport,
} from '@millrace/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From a load of a tenth of a second to one of an hour; a file's freshness and an outage are of the same range. */
const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

type Instrument = Counter<'target'> | Gauge<'target'> | Histogram<'target'>;

/** What one process loads, for Prometheus: the metrics that CloudWatch gets from functions, by the same names. */
export class LoaderMetrics {
  readonly #registry = new Registry();
  readonly #instruments: ReadonlyMap<string, Instrument>;
  #read: (() => Promise<StatusReport | undefined>) | undefined;

  constructor() {
    this.#instruments = new Map(LOADER_METRICS.map((one) => [one.name, newInstrument(one, this.#registry)]));
  }

  /** For a loader's `onEvent`. */
  hear(event: LoaderEvent): void {
    for (const metric of measureEvent(event).metrics) this.#tell(event.target, metric);
  }

  /** Asks for the gauges at every scrape; undefined: nothing is known, and nothing is told. */
  followStatus(read: () => Promise<StatusReport | undefined>): void {
    this.#read = read;
  }

  /** In Prometheus' text format. What cannot be asked just now is left out, and the rest is told. */
  async text(): Promise<string> {
    const report = await this.#read?.().catch(() => undefined);
    for (const { name, kind } of LOADER_METRICS) if (kind === 'gauge') this.#instruments.get(name)?.reset();
    if (report !== undefined) {
      for (const [target, metrics] of measureStatus(report)) {
        for (const metric of metrics) this.#tell(target, metric);
      }
    }
    return this.#registry.metrics();
  }

  #tell(target: string, { name, unit, value }: MeasuredMetric): void {
    const instrument = this.#instruments.get(name);
    const scale = unit === 'Milliseconds' ? 1_000 : 1;
    const values = typeof value === 'number' ? [value] : value;
    for (const one of values) {
      if (instrument instanceof Counter) instrument.inc({ target }, one);
      else if (instrument instanceof Gauge) instrument.set({ target }, one / scale);
      else instrument?.observe({ target }, one / scale);
    }
  }
}

function newInstrument(definition: MetricDefinition, registry: Registry): Instrument {
  const options = {
    name: prometheusNameOf(definition),
    help: definition.help,
    labelNames: ['target'] as const,
    registers: [registry],
  };
  switch (definition.kind) {
    case 'counter':
      return new Counter(options);
    case 'gauge':
      return new Gauge(options);
    case 'distribution':
      return new Histogram({ ...options, buckets: SECONDS });
  }
}
