import type { EpochMs, TrackedFile } from '@millrace/core';
import { toTrackedFile } from './file-item.ts';
import { type Item, number, sortKeyOf, text, WAITING } from './table-layout.ts';
import type { TrackerTable } from './tracker-table.ts';

/** Files held in memory while a line is read, above what was asked for: about 50 MB of them. */
const MAX_SPARE_FILES = 50_000;

/** What the order of a line depends on. The rest of an item is read when it is in the head of the line. */
interface InLine {
  readonly arrivedAt: EpochMs;
  readonly key: string;
  readonly item: Item;
}

/**
 * The oldest waiting files of a line by (`arrivedAt`, key), `limit` of them, and the other waiting versions of their
 * keys. Items lie by identity, so all pages are read; of a line longer than memory should hold they are read twice.
 */
export async function readLine(
  table: Pick<TrackerTable, 'pages'>,
  {
    target,
    partition,
    limit,
    spareFiles = MAX_SPARE_FILES,
  }: { target: string; partition: string; limit: number; spareFiles?: number },
): Promise<TrackedFile[]> {
  const query = { partition, prefix: WAITING };
  let files: InLine[] = [];
  let isCut = false;
  for await (const page of table.pages(query)) {
    for (const item of page) files.push(inLine(item));
    if (files.length > limit + 2 * spareFiles) {
      files = files.sort(compareInLine).slice(0, limit + spareFiles);
      isCut = true;
    }
  }
  files.sort(compareInLine);
  const head = files.slice(0, limit);
  const places = new Set(head.map(({ item }) => placeOf(item)));
  const others = isCut ? [] : files.slice(limit).filter(({ item }) => places.has(placeOf(item)));
  if (isCut) {
    const inHead = new Set(head.map(({ item }) => sortKeyOf(item)));
    for await (const page of table.pages(query)) {
      const versions = page.filter((item) => places.has(placeOf(item)) && !inHead.has(sortKeyOf(item)));
      others.push(...versions.map(inLine));
    }
    others.sort(compareInLine);
  }
  return [...head, ...others].map(({ item }) => toTrackedFile(target, item));
}

function inLine(item: Item): InLine {
  return { arrivedAt: number(item, 'a'), key: text(item, 'k'), item };
}

/** All versions of a key share it. Buckets have no slash in their names. */
function placeOf(item: Item): string {
  return `${text(item, 'b')}/${text(item, 'k')}`;
}

/** Oldest first; what arrived together in the order of its keys' bytes, as listings have it. */
function compareInLine(a: InLine, b: InLine): number {
  if (a.arrivedAt !== b.arrivedAt) return a.arrivedAt - b.arrivedAt;
  const byKey = compareUtf8(a.key, b.key);
  if (byKey !== 0) return byKey;
  return sortKeyOf(a.item) < sortKeyOf(b.item) ? -1 : 1;
}

/** UTF-16 orders as UTF-8 does, but for characters beyond the basic plane: only those are worth a buffer. */
function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

const SURROGATE = /[\uD800-\uDFFF]/;
