import type { EpochMs } from '@millrace/core';
import { chunksOf } from './in-parallel.ts';
import { EXPIRY, type Item, instantKey, keyOf, LOADED } from './table-layout.ts';
import type { TrackerTable } from './tracker-table.ts';

/** An id is 32 hex digits. */
const ID_BYTES = 16;
/** Ids per item: 80 KB. */
const IDS_PER_ITEM = 5_000;
/** How many of the latest lists are asked: as many jobs, or half as many above 5,000 files each. */
const RECENT_LISTS = 20;
const KEPT_SECONDS = 7 * 24 * 60 * 60;

/** Notes which files a lane has loaded, 16 bytes each. */
export function loadedItems(partition: string, ids: readonly string[], now: EpochMs): Item[] {
  return chunksOf(ids, IDS_PER_ITEM).map((chunk) => ({
    ...keyOf(partition, `${LOADED}${instantKey(now)}#${chunk[0]}`),
    ids: { B: Buffer.from(chunk.join(''), 'hex') },
    [EXPIRY]: { N: String(Math.ceil(now / 1_000) + KEPT_SECONDS) },
  }));
}

/**
 * The ids of what the lane's latest jobs loaded: one request, whatever it has loaded in its life. Files that are not
 * among them may be loaded all the same; those that are, are.
 */
export async function recentlyLoaded(table: TrackerTable, partition: string): Promise<ReadonlySet<string>> {
  const items = await table.firstPage({
    partition,
    prefix: LOADED,
    options: { ScanIndexForward: false, Limit: RECENT_LISTS },
  });
  const ids = new Set<string>();
  for (const { ids: list } of items) {
    const hex = Buffer.from(list?.B ?? []).toString('hex');
    for (let at = 0; at < hex.length; at += 2 * ID_BYTES) ids.add(hex.slice(at, at + 2 * ID_BYTES));
  }
  return ids;
}
