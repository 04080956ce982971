import { type ObjectStore, parseUrl } from '@millrace/core';
import type { CopyEntry } from './read-manifest.ts';

/** Objects of up to this many bytes are fetched before it is their turn: a request each would be waited for. */
const SMALL_BYTES = 512 * 1024;
const MAX_AHEAD = 16;

/**
 * The objects of a COPY in their order, small ones fetched ahead of their turn. At most 8 MB are held.
 *
 * @throws LoadError `object-gone`
 */
export async function* readAhead(
  objects: ObjectStore,
  entries: readonly CopyEntry[],
): AsyncGenerator<{ readonly entry: CopyEntry; readonly bytes: AsyncIterable<Uint8Array> }> {
  const ahead = new Map<number, Promise<readonly Uint8Array[]>>();
  for (const [at, entry] of entries.entries()) {
    for (let next = at; next < entries.length && ahead.size < MAX_AHEAD; next += 1) {
      const one = entries[next];
      if (one === undefined || !isSmall(one) || ahead.has(next)) continue;
      const fetched = fetchWhole(objects, one);
      // Thrown when it is its turn, if it ever is.
      fetched.catch(() => undefined);
      ahead.set(next, fetched);
    }
    const fetched = ahead.get(at);
    ahead.delete(at);
    yield { entry, bytes: fetched === undefined ? await open(objects, entry) : inOrder(await fetched) };
  }
}

function isSmall({ size }: CopyEntry): boolean {
  return size !== undefined && size <= SMALL_BYTES;
}

function open(objects: ObjectStore, { url }: CopyEntry): Promise<AsyncIterable<Uint8Array>> {
  return objects.read(parseUrl(url));
}

async function fetchWhole(objects: ObjectStore, entry: CopyEntry): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await open(objects, entry)) pieces.push(piece);
  return pieces;
}

async function* inOrder(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
