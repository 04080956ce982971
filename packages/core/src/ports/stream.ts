import type { LoadError } from '../recover/load-error.ts';
import type { EpochMs } from './time.ts';

/** What somebody wants to have kept in a stream. */
export interface StreamEntry {
  /** Records of one key stay in order. 1 to 256 characters. */
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Decimal, below 2^128: chooses the shard in place of the key's hash. */
  readonly explicitHashKey?: string;
}

/** What became of one entry. */
export type PutResult =
  | { readonly kind: 'stored'; readonly shard: string }
  /**
   * Not stored for sure, or not known to be (then a repetition may store it twice). `record-too-large` is the entry's
   * own fault (class `usage`); `stream-busy` and `stream-full` (class `unavailable`) ask for patience; all others are
   * `transient` or `config`.
   */
  | { readonly kind: 'failed'; readonly error: LoadError };

/** The end of a stream that takes records. */
export interface StreamWriter {
  /**
   * Stores entries. A `stored` one is durable: it survives a power cut.
   *
   * Entries of one partition key become records in the order in which they were given, over calls too, as long as the
   * caller does not give one again that failed. When an entry fails, those of its key behind it in the same call fail
   * too, so that a caller who repeats what failed keeps the order.
   *
   * Never holds more in memory than it may: beyond that, entries fail as `stream-busy` at once.
   *
   * @returns one result per entry, in their order. Does not reject for what an entry, the disk or the network did.
   */
  put(entries: readonly StreamEntry[]): Promise<readonly PutResult[]>;
}

/** A part of a stream with an order of its own. */
export interface StreamShard {
  readonly id: string;
  /**
   * The shards that it came from, by split (one) or merge (two), which may be gone from the list when nothing of them is
   * kept any more. All their records of a key come before its records here.
   */
  readonly parents: readonly string[];
}

/** A record as its consumer gets it: an entry, packed with others or not on its way. */
export interface StreamRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /**
   * Where it is in its shard, for ever. Positions of a shard compare as texts (`<`) in the order of the records: adapters
   * whose numbers grow in digits pad them. At most 128 characters.
   */
  readonly position: string;
  /** When the stream took it. */
  readonly arrivedAt: EpochMs;
}

export interface StreamPage {
  readonly records: readonly StreamRecord[];
  /** How old the last record of the page is against the newest of the shard; 0: nothing is behind it. */
  readonly millisBehindLatest: number;
  /** The shard was closed, by split or merge, and has no record behind this page: no call will find another. */
  readonly isEnd: boolean;
  /** Records behind `after` were removed by age before anybody read them here. False also where a stream cannot tell. */
  readonly isGap: boolean;
}

export interface ReadOptions {
  /** The position of a record that was read; null: from the oldest record that is kept. */
  readonly after: string | null;
  /**
   * About how many records are wanted. More may come, when they are packed together.
   *
   * @default what the stream finds good
   */
  readonly maxRecords?: number;
}

/** The end of a stream that gives records. It keeps no note of who has read what. */
export interface StreamReader {
  /** The shards of which records are kept, those that are closed too. */
  shards(): Promise<readonly StreamShard[]>;
  /**
   * The next records of a shard behind a position, in order; only such as are durable. An empty page that is not the
   * end: nothing is there now, try later.
   *
   * @throws LoadError `shard-missing` when the stream knows no such shard (any more).
   */
  read(shard: string, options: ReadOptions): Promise<StreamPage>;
}

/** An ordered, durable line of records, in shards: Kinesis, or files of one machine. */
export interface Stream extends StreamWriter, StreamReader {}
