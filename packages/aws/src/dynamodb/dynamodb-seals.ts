import { randomBytes } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LoadError, type Seal, type SealedChunk, type SealMove, type Seals } from '@millrace/core';
import { LotItems } from './lot-items.ts';
import {
  encodeChunks,
  freshSeal,
  type Lot,
  lotNameOf,
  type StoredSeal,
  toSeal,
  toStoredSeal,
} from './seal-item.ts';
import { checkDatabase, type ItemKey, keyOf, SEAL, sealsPartition, sortKeyOf } from './table-layout.ts';
import { TrackerTable } from './tracker-table.ts';

export interface DynamoDbSealsOptions {
  /** The tracker's table: keys `db_table` (HASH) and `status_timestamp` (RANGE), strings. */
  readonly table: string;
  /** As the tracker's: tells the streams that feed one warehouse from those of others in the same table. */
  readonly database: string;
}

/** Bytes of chunks that are written into the seal itself: every write of it costs a unit per KB of all that is in it. */
const MAX_INLINE_BYTES = 4 * 1_024;
/** Bytes of chunks that may wait in the seal; what comes on top has items of its own. */
const MAX_WAITING_BYTES = 64 * 1_024;
/** Lots that may wait in one seal: of those apart, some 90 bytes each, far below the 400 KB of an item. */
const MAX_LOTS = 2_000;
/** How often two who announce the same lot make way for each other. */
const MAX_TURNS = 20;

/**
 * Seals in the tracker's DynamoDB table; `table-layout.ts` says where they are.
 *
 * A move is one conditional update of one item, whose version nobody else must have moved since it was read. Chunks that
 * are too many for it are written apart before it, and the update registers their name: what no seal names is garbage.
 * Announcing takes chunks out and never puts any in, so it needs no part in the condition of a move.
 *
 * Every method throws LoadError: `tracker-missing`, `tracker-denied` (config), `tracker-throttled`, `tracker-unavailable`
 * (transient) …
 */
export class DynamoDbSeals implements Seals {
  readonly #table: TrackerTable;
  readonly #lots: LotItems;
  readonly #database: string;

  /** @throws LoadError `tracker-database` */
  constructor(client: DynamoDBClient, { table, database }: DynamoDbSealsOptions) {
    checkDatabase(database);
    this.#table = new TrackerTable(client, table);
    this.#lots = new LotItems(this.#table);
    this.#database = database;
  }

  async seal(stream: string, shard: string): Promise<Seal> {
    const stored = await this.#read(stream, shard);
    return toSeal(stored, await this.#chunksOf(stream, stored));
  }

  async unannounced(stream: string): Promise<readonly Seal[]> {
    const seals: Seal[] = [];
    const partition = sealsPartition(this.#database, stream);
    for await (const items of this.#table.pages({ partition, prefix: SEAL })) {
      for (const item of items) {
        const stored = toStoredSeal(sortKeyOf(item).slice(SEAL.length), item);
        if (stored.lots.length === 0) continue;
        const chunks = await this.#chunksOf(stream, stored);
        if (chunks.length > 0) seals.push(toSeal(stored, chunks));
        // Whoever announced the last of them died before the seal forgot their lots.
        else for (const { name } of stored.lots) await this.#forget(this.#keyOf(stream, stored.shard), name);
      }
    }
    return seals;
  }

  /** @throws LoadError `seal-full` (class `unavailable`) when nobody announces what was sealed */
  async move(stream: string, { shard, from, to, chunks, isEnded = false }: SealMove): Promise<boolean> {
    const stored = await this.#read(stream, shard);
    if (stored.position !== from) return false;
    if (stored.lots.length >= MAX_LOTS) throw full(stream, stored);
    const key = this.#keyOf(stream, shard);
    const by = randomBytes(12).toString('hex');
    const name = lotNameOf(stored.version + 1);
    const text = encodeChunks(chunks);
    const isApart = text.length > MAX_INLINE_BYTES || waitingBytes(stored) + text.length > MAX_WAITING_BYTES;
    const lotKey = { partition: sealsPartition(this.#database, stream), shard, by };
    if (isApart) await this.#lots.write(lotKey, chunks);
    const lot = isApart ? { M: { by: { S: by } } } : { S: text };
    const { isDone, isRepeated } = await this.#table.update(key, {
      UpdateExpression:
        'SET #version = :next, #by = :by, #ended = :ended' +
        `${to === null ? '' : ', #position = :to'}${chunks.length === 0 ? '' : ', #lot = :lot'}`,
      ConditionExpression: stored.version === 0 ? 'attribute_not_exists(#version)' : '#version = :version',
      ExpressionAttributeNames: {
        '#version': 'version',
        '#by': 'by',
        '#ended': 'ended',
        ...(to === null ? {} : { '#position': 'position' }),
        ...(chunks.length === 0 ? {} : { '#lot': name }),
      },
      ExpressionAttributeValues: {
        ':next': { N: String(stored.version + 1) },
        ':by': { S: by },
        ':ended': { BOOL: isEnded },
        ...(stored.version === 0 ? {} : { ':version': { N: String(stored.version) } }),
        ...(to === null ? {} : { ':to': { S: to } }),
        ...(chunks.length === 0 ? {} : { ':lot': lot }),
      },
    });
    if (isDone) return true;
    // The client sent it twice, and the second time found what the first had written.
    if (isRepeated && (await this.#read(stream, shard)).by === by) return true;
    // Of a request that was sent twice, nobody knows for sure: then it is left as garbage.
    if (isApart && !isRepeated) await this.#lots.drop(lotKey);
    return false;
  }

  async markAnnounced(stream: string, shard: string, keys: readonly string[]): Promise<void> {
    const announced = new Set(keys);
    const key = this.#keyOf(stream, shard);
    const partition = sealsPartition(this.#database, stream);
    const { lots } = await this.#read(stream, shard);
    for (const lot of lots) {
      if (lot.place === 'inline') await this.#takeOut(key, { lot, announced });
      else if (await this.#lots.takeOut({ partition, shard, by: lot.by }, announced)) {
        await this.#forget(key, lot.name);
      }
    }
  }

  /** Takes chunks out of a lot in the seal, whoever else does at the same time. */
  async #takeOut(
    key: ItemKey,
    { lot, announced }: { lot: Lot & { place: 'inline' }; announced: ReadonlySet<string> },
  ): Promise<void> {
    let { chunks } = lot;
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const rest = chunks.filter((chunk) => !announced.has(chunk.key));
      if (rest.length === chunks.length) return;
      // A lot only ever shrinks: with nothing left of it as it was, nothing is left of it as it is.
      if (rest.length === 0) return this.#forget(key, lot.name);
      const { isDone } = await this.#table.update(key, {
        UpdateExpression: 'SET #lot = :rest',
        ConditionExpression: '#lot = :before',
        ExpressionAttributeNames: { '#lot': lot.name },
        ExpressionAttributeValues: {
          ':rest': { S: encodeChunks(rest) },
          ':before': { S: encodeChunks(chunks) },
        },
      });
      if (isDone) return;
      const now = await this.#table.get(key);
      const same = now && toStoredSeal('', now).lots.find(({ name }) => name === lot.name);
      if (same?.place !== 'inline') return;
      chunks = same.chunks;
    }
    throw new LoadError(
      'seal-busy',
      `too many announce the chunks of seal '${key.status_timestamp.S}' at once`,
      {
        class: 'transient',
      },
    );
  }

  async #forget(key: ItemKey, lot: string): Promise<void> {
    await this.#table.update(key, {
      UpdateExpression: 'REMOVE #lot',
      // An update of an item that is not there would make one.
      ConditionExpression: 'attribute_exists(#lot)',
      ExpressionAttributeNames: { '#lot': lot },
    });
  }

  async #chunksOf(stream: string, { shard, lots }: StoredSeal): Promise<readonly SealedChunk[]> {
    const partition = sealsPartition(this.#database, stream);
    const chunks: SealedChunk[] = [];
    for (const lot of lots) {
      if (lot.place === 'inline') chunks.push(...lot.chunks);
      else chunks.push(...(await this.#lots.read({ partition, shard, by: lot.by })));
    }
    return chunks;
  }

  async #read(stream: string, shard: string): Promise<StoredSeal> {
    const item = await this.#table.get(this.#keyOf(stream, shard));
    return item === undefined ? freshSeal(shard) : toStoredSeal(shard, item);
  }

  #keyOf(stream: string, shard: string): ItemKey {
    return keyOf(sealsPartition(this.#database, stream), SEAL + shard);
  }
}

function waitingBytes({ lots }: StoredSeal): number {
  return lots.reduce((sum, lot) => sum + (lot.place === 'inline' ? encodeChunks(lot.chunks).length : 0), 0);
}

function full(stream: string, { shard, lots }: StoredSeal): LoadError {
  return new LoadError(
    'seal-full',
    `${lots.length} flushes of shard ${shard} of stream '${stream}' wait to be announced, and no more can`,
    {
      class: 'unavailable',
      hint: 'let the sweeper run; it tells of chunks whose targets are not configured any more',
    },
  );
}
