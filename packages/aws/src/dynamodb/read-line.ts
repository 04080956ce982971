import type { TrackedFile } from '@millrace/core';
import { toTrackedFile } from './file-item.ts';
import { WAITING } from './table-layout.ts';
import type { TrackerTable } from './tracker-table.ts';

/** Files held in memory while a line is read, above what was asked for: about 40 MB of them. */
const MAX_SPARE_FILES = 50_000;

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
  let files: TrackedFile[] = [];
  let isCut = false;
  for await (const page of table.pages(query)) {
    for (const item of page) files.push(toTrackedFile(target, item));
    if (files.length > limit + 2 * spareFiles) {
      files = files.sort(compareInLine).slice(0, limit + spareFiles);
      isCut = true;
    }
  }
  files.sort(compareInLine);
  const head = files.slice(0, limit);
  if (!isCut && files.length <= limit) return head;
  const keys = new Set(head.map(({ file }) => file.keyId));
  if (!isCut) return [...head, ...files.slice(limit).filter(({ file }) => keys.has(file.keyId))];
  const inHead = new Set(head.map(({ file }) => file.id));
  const others: TrackedFile[] = [];
  for await (const page of table.pages(query)) {
    for (const item of page) {
      const tracked = toTrackedFile(target, item);
      if (keys.has(tracked.file.keyId) && !inHead.has(tracked.file.id)) others.push(tracked);
    }
  }
  return [...head, ...others.sort(compareInLine)];
}

/** Oldest first; what arrived together in the order of its keys' bytes, as listings have it. */
function compareInLine({ file: a }: TrackedFile, { file: b }: TrackedFile): number {
  if (a.arrivedAt !== b.arrivedAt) return a.arrivedAt - b.arrivedAt;
  const byKey = compareUtf8(a.identity.key, b.identity.key);
  if (byKey !== 0) return byKey;
  return a.id < b.id ? -1 : 1;
}

/** UTF-16 orders as UTF-8 does, but for characters beyond the basic plane: only those are worth a buffer. */
function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

const SURROGATE = /[\uD800-\uDFFF]/;
