import type { Transforms } from '../event/apply-transforms.ts';
import { chunkKeyOf, chunkMetadataOf, rejectsKeyOf } from '../event/chunk-key.ts';
import type { ChunkPacking } from '../event/chunk-packing.ts';
import type { ColumnLists } from '../event/column-list.ts';
import { type AddOptions, type ChunkDraft, type Flush, ShardBuffer } from '../event/shard-buffer.ts';
import type { TableChecks } from '../event/table-checks.ts';
import { TypeTallies } from '../event/type-tallies.ts';
import { ulid } from '../load/ulid.ts';
import type { ObjectRef, ObjectStore } from '../ports/object-store.ts';
import type { SealedChunk, Seals } from '../ports/seals.ts';
import type { StreamRecord } from '../ports/stream.ts';
import type { EpochMs } from '../ports/time.ts';
import { assertInvariant } from '../recover/invariant.ts';
import { LoadError } from '../recover/load-error.ts';

/** What consuming a stream is given. Assembled by a composition root. */
export interface Consumer {
  /** What seals call the stream. */
  readonly stream: string;
  readonly seals: Seals;
  readonly objects: ObjectStore;
  readonly columnLists: ColumnLists;
  readonly transforms: Transforms;
  /** Whether rows fit their tables. Absent: COPY finds out, by the chunk. */
  readonly checks?: TableChecks;
  /** Millrace's own prefix: chunks and rejects are below it. */
  readonly control: ObjectRef;
  readonly packing: ChunkPacking;
  readonly now: () => EpochMs;
  /** At least 16 bytes of chance. */
  readonly random: () => Uint8Array;
}

/** A shard that is being consumed: its checkpoint, and the rows behind it that no seal has registered yet. */
export interface ShardInHand {
  readonly shard: string;
  /** As its seal says: null, nothing is sealed. */
  readonly sealed: string | null;
  readonly isEnded: boolean;
  readonly buffer: ShardBuffer;
}

/**
 * How sealing ended. `lost`: the seal was moved, by somebody else or by this very request whose reply was lost; what was
 * buffered is in hands already, and the shard is to be opened again.
 */
export type SealOutcome =
  | {
      readonly kind: 'sealed';
      readonly hand: ShardInHand;
      readonly events: number;
      /** Of these, those that were rejected. */
      readonly rejected: number;
      readonly chunks: readonly SealedChunk[];
      /** What became of them, by type. */
      readonly tallies: TypeTallies;
    }
  | { readonly kind: 'nothing'; readonly hand: ShardInHand }
  | { readonly kind: 'lost' };

/** Chunks that are written at once: each is held packed while it is. */
const CONCURRENT_WRITES = 8;

/**
 * Chunks are sealed within this time of being written, or never: those that are older and not sealed may be deleted, even
 * if their writer was asleep and wakes up.
 */
export const SEAL_WITHIN_MS = 60 * 60 * 1_000;

/** Begins with a shard where its seal says. */
export async function openShard(consumer: Consumer, shard: string): Promise<ShardInHand> {
  const { position, isEnded } = await consumer.seals.seal(consumer.stream, shard);
  const buffer = new ShardBuffer(shard, consumer.transforms, consumer.checks);
  return { shard, sealed: position, isEnded, buffer };
}

/** Tables that are looked at for one event; beyond that its rows are taken as they are. */
const MAX_LOOKS = 20;

/**
 * Takes records of a shard, in their order. Those that are sealed or taken already are passed over: a replay may cut the
 * stream anywhere. The warehouse is asked for the columns of tables where nothing is known of them, and again before an
 * event is rejected for them.
 *
 * @returns how many were new
 */
export async function takeRecords(
  consumer: Consumer,
  { sealed, buffer }: ShardInHand,
  records: readonly StreamRecord[],
): Promise<number> {
  let taken = 0;
  let now = consumer.now();
  for (const record of records) {
    const last = buffer.position ?? sealed;
    if (last !== null && record.position <= last) continue;
    const asked = buffer.add(record, { now });
    if (asked !== undefined) {
      await takeAsking(consumer, buffer, { record, asked });
      now = consumer.now();
    }
    taken += 1;
  }
  return taken;
}

/** Takes one record, as `takeRecords` does. */
export async function takeRecord(
  consumer: Consumer,
  buffer: ShardBuffer,
  { record, origin }: { record: StreamRecord; origin?: AddOptions['origin'] },
): Promise<void> {
  const asked = buffer.add(record, { now: consumer.now(), origin });
  if (asked !== undefined) await takeAsking(consumer, buffer, { record, asked, origin });
}

async function takeAsking(
  { checks, now }: Consumer,
  buffer: ShardBuffer,
  { record, asked, origin }: { record: StreamRecord; asked: string; origin?: AddOptions['origin'] },
): Promise<void> {
  let next: string | undefined = asked;
  for (let looks = 1; next !== undefined; looks += 1) {
    await checks?.look(next);
    next = buffer.add(record, { now: now(), isLast: looks >= MAX_LOOKS, origin });
  }
}

/**
 * Writes what is buffered of a shard as chunks and seals it: one compare-and-set moves the checkpoint and registers the
 * chunks. It is the commit: dying before it leaves garbage that nobody announces, and the records are consumed again;
 * dying after it, the chunks are announced from the seal.
 *
 * @param isEnded the shard is closed, and everything of it was taken.
 * @throws what the object store or the seals threw. The buffer is as it was, and the call may be repeated.
 */
export async function sealShard(
  consumer: Consumer,
  hand: ShardInHand,
  { isEnded = false }: { isEnded?: boolean } = {},
): Promise<SealOutcome> {
  const { shard, sealed, buffer } = hand;
  const flush = buffer.peek();
  if (flush === undefined && !(isEnded && !hand.isEnded)) return { kind: 'nothing', hand };
  const startedAt = consumer.now();
  const chunks = flush === undefined ? [] : await writeChunks(consumer, flush);
  if (consumer.now() - startedAt > SEAL_WITHIN_MS) throw chunksStale(shard);
  const to = flush?.position ?? sealed;
  const isOurs = await consumer.seals.move(consumer.stream, { shard, from: sealed, to, chunks, isEnded });
  if (!isOurs) return { kind: 'lost' };
  buffer.clear();
  const rejected = flush?.drafts.find(({ shape }) => shape === undefined)?.rows ?? 0;
  const next = { ...hand, sealed: to, isEnded };
  const { events = 0, tallies = new TypeTallies() } = flush ?? {};
  return { kind: 'sealed', hand: next, events, rejected, chunks, tallies };
}

async function writeChunks(consumer: Consumer, { drafts }: Flush): Promise<readonly SealedChunk[]> {
  const lot = ulid(consumer.now(), consumer.random());
  const written: SealedChunk[] = [];
  for (let at = 0; at < drafts.length; at += CONCURRENT_WRITES) {
    const some = drafts.slice(at, at + CONCURRENT_WRITES);
    written.push(
      ...(await Promise.all(some.map((draft, nth) => writeChunk(consumer, draft, `${lot}-${at + nth}`)))),
    );
  }
  return written;
}

async function writeChunk(consumer: Consumer, draft: ChunkDraft, id: string): Promise<SealedChunk> {
  const { objects, control, packing, columnLists } = consumer;
  const { shape, pieces, arrivedAt, rows } = draft;
  if (shape !== undefined) await columnLists.keep(shape.list);
  const at =
    shape === undefined
      ? rejectsKeyOf(control, id)
      : chunkKeyOf(
          control,
          { target: shape.target, columns: shape.list.hash },
          { id, ending: packing.ending },
        );
  // Rejects are for people, who would have to unpack them.
  const body = shape === undefined ? Buffer.concat(pieces) : await packing.pack(pieces);
  const metadata = shape === undefined ? {} : chunkMetadataOf(shape);
  const info = await objects.write(at, body, { metadata });
  assertInvariant(info !== undefined, 'a write without a condition writes');
  return { ...at, etag: info.etag, size: info.size, writtenAt: info.lastModifiedAt, arrivedAt, rows };
}

function chunksStale(shard: string): LoadError {
  return new LoadError(
    'chunks-stale',
    `chunks of shard ${shard} were not sealed within an hour of being written`,
    {
      class: 'transient',
      hint: 'they are written again; find out what made the process, or its object store, wait so long',
    },
  );
}
