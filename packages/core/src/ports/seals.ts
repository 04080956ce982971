import type { EpochMs } from './time.ts';

/** A file that the consumer has written and a seal has registered. Its target is told by its place. */
export interface SealedChunk {
  readonly bucket: string;
  readonly key: string;
  /** Unquoted, as it was when it was written. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly writtenAt: EpochMs;
  /** When the stream took the oldest of the events in it. */
  readonly arrivedAt: EpochMs;
  readonly rows: number;
}

/** How far a shard is consumed, and what of it is not yet handed to the loader. */
export interface Seal {
  readonly shard: string;
  /** The position of the last record whose rows are in registered chunks; null: none is. */
  readonly position: string | null;
  /** The shard was closed and everything of it is sealed. */
  readonly isEnded: boolean;
  /** Registered and, for all that is known, not announced. */
  readonly chunks: readonly SealedChunk[];
}

/** From `from` to `to`: what one flush of a shard wants to commit. */
export interface SealMove {
  readonly shard: string;
  /** What the consumer believes the sealed position to be. */
  readonly from: string | null;
  readonly to: string | null;
  readonly chunks: readonly SealedChunk[];
  readonly isEnded?: boolean;
}

/**
 * The seals of a stream: one item per shard, its checkpoint and its unannounced chunks in one.
 *
 * Moving it is the one write that decides what the records of a shard became. Everything before it can be done again by
 * anybody, everything behind it is finished from what it registered. An item of single-item conditional updates
 * (DynamoDB) can be a seal.
 */
export interface Seals {
  /** The seal of a shard: at null, with no chunks, when there is none yet. Consistent. */
  seal(stream: string, shard: string): Promise<Seal>;
  /** Those that have chunks to announce. */
  unannounced(stream: string): Promise<readonly Seal[]>;
  /**
   * If the position is `from` still, sets it to `to` and adds the chunks to those to be announced: all of it or nothing.
   * Durable.
   *
   * @returns false when the position was another: somebody else has consumed these records. Nothing was written then.
   */
  move(stream: string, move: SealMove): Promise<boolean>;
  /** Chunks, by key, were announced. Those that are not there (any more) are ignored. */
  markAnnounced(stream: string, shard: string, keys: readonly string[]): Promise<void>;
}
