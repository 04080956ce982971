import type { EpochMs, LoadError, StreamEntry } from '@millrace/core';
import type { KplAggregate, PackedRecord } from './kpl-aggregate.ts';
import { overtakingError, type PutCall } from './put-call.ts';

/** Tags, lengths and indices of a record and its key. */
const RECORD_FIELD_BYTES = 10;

/** An entry that was given and is not settled yet. */
export interface WaitingEntry {
  readonly entry: StreamEntry;
  readonly call: PutCall;
  /** Its index in the call. */
  readonly at: number;
  readonly givenAt: EpochMs;
  /** What it counts for in memory. */
  readonly bytes: number;
}

/** The record that a line is sending, or will send again. */
export interface LineRecord {
  readonly packed: PackedRecord;
  readonly entries: readonly WaitingEntry[];
  /** How often it was sent and not stored. */
  failures: number;
  notBeforeAt: EpochMs;
}

/**
 * The entries for one shard, in order.
 *
 * A line has one record on its way at a time. PutRecords stores what it can of a request, whichever order that makes: with
 * two records of a shard under way, the second could be stored and the first be refused.
 */
export class ShardLine {
  readonly shard: string;
  readonly #queue: WaitingEntry[] = [];
  #queueHead = 0;
  #queuedBytes = 0;
  /** Set from when it is packed until it is stored or given up. */
  record: LineRecord | undefined;
  isSending = false;

  constructor(shard: string) {
    this.shard = shard;
  }

  get isEmpty(): boolean {
    return this.record === undefined && this.#queueHead === this.#queue.length;
  }

  push(waiting: WaitingEntry): void {
    this.#queue.push(waiting);
    this.#queuedBytes += packedBytesOf(waiting);
  }

  /**
   * When the line wants to send: at once (an instant gone by) when an aggregate's worth waits, or else when the oldest
   * entry has waited long enough. Never while it is sending.
   */
  dueAt({ maxWaitMs, maxBytes, maxCount }: LineLimits): EpochMs {
    if (this.isSending) return Number.POSITIVE_INFINITY;
    if (this.record !== undefined) return this.record.notBeforeAt;
    const oldest = this.#queue[this.#queueHead];
    if (oldest === undefined) return Number.POSITIVE_INFINITY;
    const isFull = this.#queuedBytes >= maxBytes || this.#queue.length - this.#queueHead >= maxCount;
    return isFull ? oldest.givenAt : oldest.givenAt + maxWaitMs;
  }

  /** The record to be sent: the one that failed, or a new one of as many entries as it holds. */
  take(aggregate: KplAggregate): LineRecord | undefined {
    if (this.record !== undefined) return this.record;
    const from = this.#queueHead;
    while (this.#queueHead < this.#queue.length) {
      const waiting = this.#queue[this.#queueHead] as WaitingEntry;
      if (!aggregate.add(waiting.entry)) break;
      this.#queueHead += 1;
      this.#queuedBytes -= packedBytesOf(waiting);
    }
    const packed = aggregate.finish();
    if (packed === undefined) return undefined;
    const entries = this.#queue.slice(from, this.#queueHead);
    this.#dropTaken();
    this.record = { packed, entries, failures: 0, notBeforeAt: 0 };
    return this.record;
  }

  /** Fails the entries of the record, and those behind that would overtake them. @returns all that were failed */
  giveUp(error: LoadError): readonly WaitingEntry[] {
    const failed = [...(this.record?.entries ?? [])];
    this.record = undefined;
    for (const { entry, call, at } of failed) call.fail(at, entry, error);
    const rest = this.#queue.splice(0).slice(this.#queueHead);
    this.#queueHead = 0;
    this.#queuedBytes = 0;
    for (const waiting of rest) {
      const { entry, call, at } = waiting;
      if (call.hasFailed(entry.partitionKey)) {
        call.fail(at, entry, overtakingError(entry.partitionKey));
        failed.push(waiting);
      } else {
        this.push(waiting);
      }
    }
    return failed;
  }

  /** Takes all entries out, those of the record first: for other lines, when shards have changed. */
  drain(): readonly WaitingEntry[] {
    const all = [...(this.record?.entries ?? []), ...this.#queue.slice(this.#queueHead)];
    this.record = undefined;
    this.#queue.length = 0;
    this.#queueHead = 0;
    this.#queuedBytes = 0;
    return all;
  }

  /** A queue that shifts one by one would copy itself each time. */
  #dropTaken(): void {
    if (this.#queueHead < 1_024 && this.#queueHead < this.#queue.length) return;
    this.#queue.splice(0, this.#queueHead);
    this.#queueHead = 0;
  }
}

/** About what an entry adds to an aggregate: less, when its key is another's too. */
function packedBytesOf({ entry }: WaitingEntry): number {
  return entry.data.length + entry.partitionKey.length + RECORD_FIELD_BYTES;
}

export interface LineLimits {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxCount: number;
}
