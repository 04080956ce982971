import type { ObjectInfo } from '@millrace/core';

/** What S3 lists in one request. */
export interface ListedPage {
  /** In the order of their keys' bytes. */
  readonly objects: readonly ObjectInfo[];
  readonly isLast: boolean;
}

export interface HeadAllParts {
  /** The first page after a key. */
  readonly list: (at: { prefix: string; startAfter: string }) => Promise<ListedPage>;
  readonly head: (key: string) => Promise<ObjectInfo | undefined>;
}

/**
 * AWS asks for a listing of up to a thousand keys as much as for 12.5 HEADs: a page has to tell of more keys than that.
 */
const MIN_PER_PAGE = 13;
const CONCURRENT_HEADS = 32;

/**
 * Looks at several keys of a bucket: by pages of its listing as long as these tell of many of them, and by a HEAD each
 * for the rest. Files that arrive together mostly have keys that lie together, so that one page tells of them all;
 * keys that are scattered cost one page more than their HEADs.
 */
export async function headAll(
  keys: readonly string[],
  { list, head }: HeadAllParts,
): Promise<Map<string, ObjectInfo>> {
  const wanted = [...new Set(keys)].sort(compareUtf8);
  const prefix = commonPrefix(wanted[0] ?? '', wanted.at(-1) ?? '');
  const found = new Map<string, ObjectInfo>();
  let next = 0;
  let last = '';
  while (wanted.length - next >= MIN_PER_PAGE) {
    const before = justBefore(wanted[next] ?? '');
    const { objects, isLast } = await list({
      prefix,
      startAfter: compareUtf8(before, last) > 0 ? before : last,
    });
    const end = objects.at(-1)?.key;
    const told = new Map(objects.map((info) => [info.key, info]));
    const from = next;
    const isTold = (key: string): boolean => isLast || end === undefined || compareUtf8(key, end) <= 0;
    for (let key = wanted[next]; key !== undefined && isTold(key); key = wanted[next]) {
      const info = told.get(key);
      if (info) found.set(key, info);
      next += 1;
    }
    last = end ?? last;
    if (next - from < MIN_PER_PAGE) break;
  }
  for (let at = next; at < wanted.length; at += CONCURRENT_HEADS) {
    await Promise.all(
      wanted.slice(at, at + CONCURRENT_HEADS).map(async (key) => {
        const info = await head(key);
        if (info) found.set(key, info);
      }),
    );
  }
  return found;
}

/** A listing begins after a key: after one that is as little before the wanted one as can be had without guessing. */
function justBefore(key: string): string {
  return [...key].slice(0, -1).join('');
}

function commonPrefix(first: string, last: string): string {
  const [a, b] = [[...first], [...last]];
  const differs = a.findIndex((character, at) => character !== b[at]);
  return differs === -1 ? first : a.slice(0, differs).join('');
}

function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
