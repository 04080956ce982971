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
  return new Set((await recentLists(table, partition)).flatMap(idsOf));
}

/** Takes ids out of the lists: a file that is on one would be dropped from the line as a late duplicate. */
export async function forgetLoaded(
  table: TrackerTable,
  { partition, ids }: { partition: string; ids: readonly string[] },
): Promise<void> {
  const forgotten = new Set(ids);
  for (const item of await recentLists(table, partition)) {
    const listed = idsOf(item);
    const kept = listed.filter((id) => !forgotten.has(id));
    if (kept.length === listed.length) continue;
    // An empty list stays, until it expires: the key of an item is never written by two callers.
    await table.put({ ...item, ids: { B: Buffer.from(kept.join(''), 'hex') } });
  }
}

function recentLists(table: TrackerTable, partition: string): Promise<Item[]> {
  const options = { ScanIndexForward: false, Limit: RECENT_LISTS };
  return table.firstPage({ partition, prefix: LOADED, options });
}

function idsOf({ ids: list }: Item): string[] {
  const hex = Buffer.from(list?.B ?? []).toString('hex');
  const ids: string[] = [];
  for (let at = 0; at < hex.length; at += 2 * ID_BYTES) ids.push(hex.slice(at, at + 2 * ID_BYTES));
  return ids;
}
