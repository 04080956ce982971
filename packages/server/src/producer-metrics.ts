import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What an adapter of a stream tells of a record that it has stored: `KinesisWriter`'s `onStored`, for one. */
export interface StoredRecordFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly retries: number;
  readonly bufferedMs: number;
}

/** What the consumer of the same process tells: `EventStatus`, for one. */
export interface ConsumerFigures {
  readonly shards: readonly { readonly shard: string; readonly millisBehindLatest: number }[];
  readonly rejects: readonly {
    readonly type: string | null;
    readonly code: string;
    readonly events: number;
  }[];
  /** Types that have a name in metrics: whoever sends events chooses what others are called. Absent: all have. */
  readonly types?: readonly { readonly type: string | null }[];
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const COUNTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

/** All types together that no transform takes: a series each would be as many as senders like. */
const OTHER_TYPE = 'other';

/** The numbers of one producer, for Prometheus. */
export class ProducerMetrics {
  readonly #registry = new Registry();
  readonly #others: { text(): Promise<string> }[] = [];
  readonly #requests = new Counter({
    name: 'millrace_http_requests_total',
    help: 'Requests answered, by route and status',
    labelNames: ['route', 'status'],
    registers: [this.#registry],
  });
  readonly #latency = new Histogram({
    name: 'millrace_http_request_duration_seconds',
    help: 'From the first byte of a request to its answer',
    labelNames: ['route'],
    buckets: SECONDS,
    registers: [this.#registry],
  });
  readonly #accepted = new Counter({
    name: 'millrace_events_accepted_total',
    help: 'Events that were made durable, by sender',
    labelNames: ['sender'],
    registers: [this.#registry],
  });
  readonly #rejected = new Counter({
    name: 'millrace_events_rejected_total',
    help: 'Events that were not accepted, by reason',
    labelNames: ['code'],
    registers: [this.#registry],
  });
  readonly #records = new Counter({
    name: 'millrace_stream_records_total',
    help: 'Records put into the stream',
    registers: [this.#registry],
  });
  readonly #bytes = new Counter({
    name: 'millrace_stream_bytes_total',
    help: 'Bytes of the records put into the stream',
    registers: [this.#registry],
  });
  readonly #retries = new Counter({
    name: 'millrace_stream_retries_total',
    help: 'How often records were sent again',
    registers: [this.#registry],
  });
  readonly #perRecord = new Histogram({
    name: 'millrace_stream_events_per_record',
    help: 'Events that share a record of the stream',
    buckets: COUNTS,
    registers: [this.#registry],
  });
  readonly #buffered = new Histogram({
    name: 'millrace_stream_buffered_seconds',
    help: 'From when the first event of a record came until the stream had it',
    buckets: SECONDS,
    registers: [this.#registry],
  });

  constructor() {
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Memory of the process',
      registers: [this.#registry],
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Tells what another one counts behind its own: what this process loads, beside what it takes. */
  include(other: { text(): Promise<string> }): void {
    this.#others.push(other);
  }

  async text(): Promise<string> {
    const texts = await Promise.all([this.#registry.metrics(), ...this.#others.map((one) => one.text())]);
    return texts.join('');
  }

  countRequest(route: string, { status, seconds }: { status: number; seconds: number }): void {
    this.#requests.inc({ route, status });
    this.#latency.observe({ route }, seconds);
  }

  countEvents(
    sender: string,
    { accepted, rejected }: { accepted: number; rejected: readonly { code: string }[] },
  ): void {
    if (accepted > 0) this.#accepted.inc({ sender }, accepted);
    for (const { code } of rejected) this.#rejected.inc({ code });
  }

  /** Asks a consumer at every scrape; undefined: nothing is known, and nothing is told. */
  followConsumer(read: () => Promise<ConsumerFigures | undefined>): void {
    // One question serves both: whoever collects first asks, and the other waits for the same answer.
    let asked: Promise<ConsumerFigures | undefined> | undefined;
    const ask = (): Promise<ConsumerFigures | undefined> => {
      asked ??= read().finally(() => {
        asked = undefined;
      });
      return asked;
    };
    new Gauge({
      name: 'millrace_consumer_millis_behind_latest',
      help: 'How far behind the newest event of a shard the consumer is',
      labelNames: ['shard'],
      registers: [this.#registry],
      async collect() {
        this.reset();
        for (const { shard, millisBehindLatest } of (await ask())?.shards ?? [])
          this.set({ shard }, millisBehindLatest);
      },
    });
    new Gauge({
      name: 'millrace_rejected_events',
      help: 'Events that became no rows and were not redriven, by type and reason',
      labelNames: ['type', 'code'],
      registers: [this.#registry],
      async collect() {
        this.reset();
        const { rejects = [], types } = (await ask()) ?? {};
        const named = types === undefined ? undefined : new Set(types.map(({ type }) => type));
        for (const { type, code, events } of rejects) {
          const isNamed = type === null || named === undefined || named.has(type);
          this.inc({ type: isNamed ? (type ?? '') : OTHER_TYPE, code }, events);
        }
      },
    });
  }

  /** For the adapter of the stream to call. */
  countStored({ entries, bytes, retries, bufferedMs }: StoredRecordFigures): void {
    this.#records.inc();
    this.#bytes.inc(bytes);
    if (retries > 0) this.#retries.inc(retries);
    this.#perRecord.observe(entries);
    this.#buffered.observe(bufferedMs / 1_000);
  }
}
