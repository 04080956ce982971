import { LoadError, type SealedChunk } from '@millrace/core';
import { chunksOf } from './in-parallel.ts';
import { decodeChunks, encodeChunks } from './seal-item.ts';
import { type Item, type ItemKey, keyOf, LOT, sortKeyOf, text } from './table-layout.ts';
import type { TrackerTable } from './tracker-table.ts';

export interface LotKey {
  readonly partition: string;
  readonly shard: string;
  /** Which attempt wrote it. */
  readonly by: string;
}

/** Chunks of one item, some 250 bytes each: announcing a table's chunks rewrites an item of about 4 KB, not all of the lot. */
const CHUNKS_PER_ITEM = 16;
/** Of an item's number in its lot, so that they are read in their order. */
const NUMBER_DIGITS = 6;
/** How often two who announce the same item make way for each other. */
const MAX_TURNS = 20;

/** Lots that are too large to be written into their seal: written before a seal names them, and only taken from then. */
export class LotItems {
  readonly #table: TrackerTable;

  constructor(table: TrackerTable) {
    this.#table = table;
  }

  async write(key: LotKey, chunks: readonly SealedChunk[]): Promise<void> {
    const prefix = prefixOf(key);
    const puts = chunksOf(chunks, CHUNKS_PER_ITEM).map((some, n) => ({
      put: {
        ...keyOf(key.partition, prefix + String(n).padStart(NUMBER_DIGITS, '0')),
        chunks: { S: encodeChunks(some) },
      },
    }));
    await this.#table.writeAll(puts);
  }

  async read(key: LotKey): Promise<readonly SealedChunk[]> {
    return (await this.#items(key)).flatMap((item) => decodeChunks(text(item, 'chunks')));
  }

  /** @returns whether nothing is left of the lot */
  async takeOut(key: LotKey, announced: ReadonlySet<string>): Promise<boolean> {
    let isEmpty = true;
    const done: ItemKey[] = [];
    for (const item of await this.#items(key)) {
      const itemKey = keyOf(key.partition, sortKeyOf(item));
      const rest = await this.#takeOutOf(itemKey, { before: text(item, 'chunks'), announced });
      if (rest === 0) done.push(itemKey);
      else isEmpty = false;
    }
    await this.#table.writeAll(done.map((itemKey) => ({ delete: itemKey })));
    return isEmpty;
  }

  async drop(key: LotKey): Promise<void> {
    const items = await this.#items(key);
    await this.#table.writeAll(items.map((item) => ({ delete: keyOf(key.partition, sortKeyOf(item)) })));
  }

  /** @returns how many chunks are left; with none, the item is to be deleted: it only ever shrinks */
  async #takeOutOf(
    key: ItemKey,
    { before, announced }: { before: string; announced: ReadonlySet<string> },
  ): Promise<number> {
    let now = before;
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const chunks = decodeChunks(now);
      const rest = chunks.filter((chunk) => !announced.has(chunk.key));
      if (rest.length === chunks.length || rest.length === 0) return rest.length;
      const { isDone } = await this.#table.update(key, {
        UpdateExpression: 'SET #chunks = :rest',
        ConditionExpression: '#chunks = :before',
        ExpressionAttributeNames: { '#chunks': 'chunks' },
        ExpressionAttributeValues: { ':rest': { S: encodeChunks(rest) }, ':before': { S: now } },
      });
      if (isDone) return rest.length;
      const item = await this.#table.get(key);
      if (item === undefined) return 0;
      now = text(item, 'chunks');
    }
    throw new LoadError('seal-busy', `too many announce the chunks of '${key.status_timestamp.S}' at once`, {
      class: 'transient',
    });
  }

  async #items({ partition, ...key }: LotKey): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of this.#table.pages({ partition, prefix: prefixOf(key) })) items.push(...page);
    return items;
  }
}

function prefixOf({ shard, by }: Omit<LotKey, 'partition'>): string {
  return `${LOT}${shard}#${by}#`;
}
