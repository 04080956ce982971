import { type KinesisClient, PutRecordsCommand, type PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import { type EpochMs, LoadError, type PutResult, type StreamEntry, type StreamWriter } from '@millrace/core';
import { faultOfEntry } from './check-entry.ts';
import { hashKeyOf } from './hash-key.ts';
import { toRecordError, toStreamError } from './kinesis-errors.ts';
import { KplAggregate } from './kpl-aggregate.ts';
import { overtakingError, PutCall } from './put-call.ts';
import { type LineLimits, type LineRecord, ShardLine, type WaitingEntry } from './shard-line.ts';
import { ShardMap } from './shard-map.ts';

/** What PutRecords takes. */
const MAX_RECORDS_PER_REQUEST = 500;
const MAX_REQUEST_BYTES = 5 * 1_048_576;
/** An entry's objects, beside its bytes. */
const ENTRY_OVERHEAD_BYTES = 200;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2_000;

export interface KinesisWriterOptions {
  readonly streamName: string;
  /**
   * How long an entry may wait for others to share a record with, in ms.
   *
   * @default 20
   */
  readonly maxWaitMs?: number;
  /**
   * The longest aggregate. An entry that is longer goes alone.
   *
   * @default 51,200, as the KPL has it
   */
  readonly maxAggregateBytes?: number;
  /** The most entries of one aggregate. @default unlimited */
  readonly maxAggregateCount?: number;
  /**
   * The largest record that the stream takes, its key counted.
   *
   * @default 1 MiB, as long as the stream was not set to take more
   */
  readonly maxRecordBytes?: number;
  /**
   * The most memory that waiting entries may take; beyond, entries fail as `stream-busy`.
   *
   * @default 64 MiB
   */
  readonly maxBufferedBytes?: number;
  /**
   * How long an entry is tried before it fails.
   *
   * @default 30,000
   */
  readonly giveUpAfterMs?: number;
  /** Called for each record that was stored: for metrics. */
  readonly onStored?: (record: StoredRecord) => void;
  readonly now?: () => EpochMs;
  readonly chance?: () => number;
}

/** One record that Kinesis has taken. */
export interface StoredRecord {
  /** How many entries it holds. */
  readonly entries: number;
  readonly bytes: number;
  /** How often it was sent before it was taken. */
  readonly retries: number;
  /** From when its oldest entry was given until it was stored. */
  readonly bufferedMs: number;
}

/**
 * Entries into a Kinesis stream, packed as the KPL packs them.
 *
 * Each open shard has a line with one record on its way at a time, which keeps the order of every partition key: the
 * entries that come meanwhile share the next record. A record that fails is sent again, with backoff, before anything
 * behind it. When an aggregate lands in another shard than the one it was made for (the shards were split or merged),
 * and one of its entries belongs elsewhere, it is put again as a whole: other consumers drop an aggregate with an entry
 * that is none of its shard's, so without that the rest would be lost to them. Ours then sees the entry twice.
 */
export class KinesisWriter implements StreamWriter {
  readonly #client: KinesisClient;
  readonly #options: KinesisWriterOptions;
  readonly #limits: LineLimits;
  readonly #maxRecordBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #giveUpAfterMs: number;
  readonly #now: () => EpochMs;
  readonly #chance: () => number;
  readonly #aggregate: KplAggregate;
  readonly #lines = new Map<string, ShardLine>();
  /** Entries that no line has yet, in the order in which they were given. */
  #inbox: WaitingEntry[] = [];
  /** Records in shards that the map did not know: settled when the map is new. */
  #astray: { readonly line: ShardLine; readonly record: LineRecord; readonly shard: string }[] = [];
  #map: ShardMap | undefined;
  /** Shards have changed: nothing is sent until all that is on its way has come back and the map is new. */
  #isMapOld = true;
  #isLoadingMap = false;
  #mapFailures = 0;
  #mapNotBeforeAt: EpochMs = 0;
  #requests = 0;
  #bufferedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;
  #idle: (() => void)[] = [];

  constructor(client: KinesisClient, options: KinesisWriterOptions) {
    this.#client = client;
    this.#options = options;
    this.#limits = {
      maxWaitMs: options.maxWaitMs ?? 20,
      maxBytes: options.maxAggregateBytes ?? 51_200,
      maxCount: options.maxAggregateCount ?? Number.POSITIVE_INFINITY,
    };
    this.#maxRecordBytes = options.maxRecordBytes ?? 1_048_576;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? 64 * 1_048_576;
    this.#giveUpAfterMs = options.giveUpAfterMs ?? 30_000;
    this.#now = options.now ?? Date.now;
    this.#chance = options.chance ?? Math.random;
    this.#aggregate = new KplAggregate(this.#limits);
  }

  put(entries: readonly StreamEntry[]): Promise<readonly PutResult[]> {
    const call = new PutCall(entries.length);
    const givenAt = this.#now();
    for (const [at, entry] of entries.entries()) {
      const bytes = entry.data.length + entry.partitionKey.length + ENTRY_OVERHEAD_BYTES;
      const error = this.#refusalOf(entry, bytes, call);
      if (error === undefined) {
        this.#bufferedBytes += bytes;
        this.#inbox.push({ entry, call, at, givenAt, bytes });
      } else {
        call.fail(at, entry, error);
      }
    }
    this.#pump();
    return call.results;
  }

  /** Sends what waits, without waiting longer for company. Entries that come later fail as `stream-busy`. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#pump();
    if (this.#bufferedBytes > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearTimeout(this.#timer);
  }

  #refusalOf(entry: StreamEntry, bytes: number, call: PutCall): LoadError | undefined {
    if (call.hasFailed(entry.partitionKey)) return overtakingError(entry.partitionKey);
    const fault = faultOfEntry(entry, this.#maxRecordBytes);
    if (fault !== undefined) return fault;
    const { streamName } = this.#options;
    if (this.#isClosing) return busyError(`the writer of stream '${streamName}' is closing`);
    if (this.#bufferedBytes + bytes <= this.#maxBufferedBytes) return undefined;
    return busyError(
      `${this.#bufferedBytes} bytes wait already for stream '${streamName}', which takes them no faster`,
    );
  }

  /** Sends whatever may be sent now, and sees to it that it is called again when more may be. */
  #pump(): void {
    if (this.#isMapOld) {
      this.#renewMap();
      return;
    }
    this.#route();
    const now = this.#now();
    let nextAt = Number.POSITIVE_INFINITY;
    const due: ShardLine[] = [];
    const limits = this.#isClosing ? { ...this.#limits, maxWaitMs: 0 } : this.#limits;
    for (const line of this.#lines.values()) {
      const dueAt = line.dueAt(limits);
      if (dueAt <= now) due.push(line);
      else nextAt = Math.min(nextAt, dueAt);
    }
    this.#sendLines(due);
    this.#wakeAt(nextAt);
  }

  #wakeAt(at: EpochMs): void {
    clearTimeout(this.#timer);
    if (Number.isFinite(at)) this.#timer = setTimeout(() => this.#pump(), Math.max(0, at - this.#now()));
  }

  /** Gives each waiting entry to the line of its shard. */
  #route(): void {
    const map = this.#map as ShardMap;
    for (const waiting of this.#inbox) {
      const shard = map.onlyShard ?? map.shardOf(hashKeyOf(waiting.entry));
      let line = this.#lines.get(shard);
      if (line === undefined) {
        line = new ShardLine(shard);
        this.#lines.set(shard, line);
      }
      line.push(waiting);
    }
    if (this.#inbox.length > 0) this.#inbox = [];
  }

  /** In requests as large as they may be. */
  #sendLines(due: readonly ShardLine[]): void {
    let request: [ShardLine, LineRecord][] = [];
    let bytes = 0;
    const flush = (): void => {
      if (request.length > 0) void this.#send(request);
      request = [];
      bytes = 0;
    };
    for (const line of due) {
      const record = line.take(this.#aggregate);
      if (record === undefined) continue;
      const size = record.packed.data.length + record.packed.partitionKey.length;
      if (request.length === MAX_RECORDS_PER_REQUEST || bytes + size > MAX_REQUEST_BYTES) flush();
      line.isSending = true;
      request.push([line, record]);
      bytes += size;
    }
    flush();
  }

  async #send(request: readonly (readonly [ShardLine, LineRecord])[]): Promise<void> {
    const { streamName } = this.#options;
    this.#requests += 1;
    try {
      const { Records = [] } = await this.#client.send(
        new PutRecordsCommand({
          StreamName: streamName,
          Records: request.map(([, { packed }]) => ({
            PartitionKey: packed.partitionKey,
            Data: packed.data,
            ...(packed.explicitHashKey === undefined ? {} : { ExplicitHashKey: packed.explicitHashKey }),
          })),
        }),
      );
      for (const [at, [line, record]] of request.entries()) this.#settle(line, record, Records[at]);
    } catch (cause) {
      const error = toStreamError(cause, 'put records into', streamName);
      for (const [line, record] of request) this.#fail(line, record, error);
    } finally {
      for (const [line] of request) line.isSending = false;
      this.#requests -= 1;
      this.#pump();
    }
  }

  #settle(line: ShardLine, record: LineRecord, result: PutRecordsResultEntry | undefined): void {
    const { ShardId, ErrorCode, ErrorMessage } = result ?? { ErrorCode: 'InternalFailure' };
    if (ShardId === undefined) {
      this.#fail(
        line,
        record,
        toRecordError(ErrorCode ?? 'InternalFailure', ErrorMessage, this.#options.streamName),
      );
    } else if (ShardId === line.shard || record.packed.count === 1) {
      this.#store(line, record, ShardId);
      // Where a single record goes, it belongs; but what follows it is not for this line any more.
      if (ShardId !== line.shard) this.#isMapOld = true;
    } else {
      this.#astray.push({ line, record, shard: ShardId });
      this.#isMapOld = true;
    }
  }

  #store(line: ShardLine, record: LineRecord, shard: string): void {
    line.record = undefined;
    const { entries, packed, failures } = record;
    for (const { call, at } of entries) call.store(at, shard);
    this.#forget(entries);
    this.#options.onStored?.({
      entries: packed.count,
      bytes: packed.data.length,
      retries: failures,
      bufferedMs: this.#now() - (entries[0]?.givenAt ?? this.#now()),
    });
  }

  /** Leaves the record to be sent again, if there is time and another try may help. */
  #fail(line: ShardLine, record: LineRecord, error: LoadError): void {
    const now = this.#now();
    record.failures += 1;
    record.notBeforeAt = now + this.#backoffMs(record.failures);
    const oldestAt = record.entries[0]?.givenAt ?? now;
    if (mayPass(error) && record.notBeforeAt < oldestAt + this.#giveUpAfterMs) return;
    this.#forget(line.giveUp(error));
  }

  /** Full jitter: lines that were refused together do not come back together. */
  #backoffMs(failures: number): number {
    return this.#chance() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 20));
  }

  #forget(entries: readonly WaitingEntry[]): void {
    for (const { bytes } of entries) this.#bufferedBytes -= bytes;
    if (this.#bufferedBytes > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Asks for the shards once nothing is on its way, and routes everything anew. */
  #renewMap(): void {
    const hasWork = this.#inbox.length > 0 || this.#lines.size > 0;
    if (this.#isLoadingMap || this.#requests > 0 || !hasWork) return;
    const now = this.#now();
    if (now < this.#mapNotBeforeAt) {
      this.#wakeAt(this.#mapNotBeforeAt);
      return;
    }
    this.#isLoadingMap = true;
    void ShardMap.load(this.#client, this.#options.streamName)
      .then(
        (map) => this.#useMap(map),
        (cause: unknown) => this.#missMap(cause),
      )
      .finally(() => {
        this.#isLoadingMap = false;
        this.#pump();
      });
  }

  #useMap(map: ShardMap): void {
    this.#map = map;
    this.#isMapOld = false;
    this.#mapFailures = 0;
    for (const { line, record, shard } of this.#astray.splice(0)) {
      const belongs = record.entries.every(({ entry }) => map.shardOf(hashKeyOf(entry)) === shard);
      if (belongs) this.#store(line, record, shard);
    }
    // A key's entries are in one line, or in the inbox behind it: line by line keeps their order.
    const inOrder = [...this.#lines.values()].flatMap((line) => line.drain());
    this.#lines.clear();
    this.#inbox = [...inOrder, ...this.#inbox];
  }

  #missMap(cause: unknown): void {
    const error =
      cause instanceof LoadError
        ? cause
        : toStreamError(cause, 'list the shards of', this.#options.streamName);
    this.#mapFailures += 1;
    const now = this.#now();
    this.#mapNotBeforeAt = now + this.#backoffMs(this.#mapFailures);
    const inOrder = [...this.#lines.values()].flatMap((line) => line.drain());
    const all = [...inOrder, ...this.#inbox];
    this.#lines.clear();
    this.#astray = [];
    const isLate = ({ givenAt }: WaitingEntry): boolean =>
      !mayPass(error) || this.#mapNotBeforeAt >= givenAt + this.#giveUpAfterMs;
    const failed = all.filter(isLate);
    for (const { call, at, entry } of failed) call.fail(at, entry, error);
    this.#inbox = all.filter((waiting) => !isLate(waiting));
    this.#forget(failed);
  }
}

function mayPass(error: LoadError): boolean {
  return error.class === 'transient' || error.class === 'unavailable';
}

function busyError(message: string): LoadError {
  return new LoadError('stream-busy', message, {
    class: 'unavailable',
    hint: 'wait a moment and put it again',
  });
}
