import { parseUrl } from '../../file/identity.ts';
import type { LoadFile } from '../../file/load-file.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import type { Loader } from '../../verbs/loader.ts';
import { compareUrls } from './url-order.ts';

/** What the store says of a file's place now. */
export type ObjectLook = 'same' | 'changed' | 'gone';

/** Look-ups under way at once: more would be throttled. */
const CONCURRENT_LOOKS = 32;

/** Looks at the objects of files. @returns by file id. */
export async function lookAtObjects(
  objects: ObjectStore,
  files: readonly LoadFile[],
): Promise<ReadonlyMap<string, ObjectLook>> {
  const looks = new Map<string, ObjectLook>();
  const note = ({ id, identity }: LoadFile, info: ObjectInfo | undefined): void => {
    looks.set(id, info === undefined ? 'gone' : info.etag === identity.etag ? 'same' : 'changed');
  };
  for (const [bucket, own] of Map.groupBy(files, ({ identity }) => identity.bucket)) {
    if (objects.headAll !== undefined) {
      const keys = [...new Set(own.map(({ identity }) => identity.key))];
      const found = await objects.headAll(bucket, keys);
      for (const file of own) note(file, found.get(file.identity.key));
      continue;
    }
    for (let at = 0; at < own.length; at += CONCURRENT_LOOKS) {
      const chunk = own.slice(at, at + CONCURRENT_LOOKS);
      await Promise.all(chunk.map(async (file) => note(file, await objects.head(file.identity))));
    }
  }
  return looks;
}

/** The objects that a target's routes take, in the order of their URLs' bytes, behind `after` (null: from the beginning). */
export async function* listInOrder(
  loader: Loader,
  target: string,
  { from, after }: { from: readonly string[]; after: string | null },
): AsyncGenerator<ObjectInfo> {
  // One prefix within another would tell its objects twice.
  const outer = [...new Set(from)].filter(
    (prefix) => !from.some((other) => other !== prefix && prefix.startsWith(other)),
  );
  for (const prefix of outer.sort(compareUrls)) {
    const { bucket, key } = parseUrl(prefix);
    const isBegun = after?.startsWith(prefix) ?? false;
    if (after !== null && !isBegun && compareUrls(prefix, after) < 0) continue;
    const startAfter = isBegun && after !== null ? { startAfter: parseUrl(after).key } : {};
    for await (const object of loader.objects.list({ bucket, prefix: key, ...startAfter })) {
      if (loader.routesOf(object).includes(target)) yield object;
    }
  }
}
