import { chunkFolderOf, lotKeyOf, readLot, sealedRejectsOf } from '../event/chunk-key.ts';
import { timeOfUlid } from '../load/ulid.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import type { Seals } from '../ports/seals.ts';
import { SEAL_WITHIN_MS } from './consume.ts';
import type { Loader } from './loader.ts';

const DAY = 24 * 60 * 60 * 1_000;
/** Far longer than a chunk can be sealed after it was written: clocks may differ by what is between. */
export const GARBAGE_AFTER_MS = 24 * SEAL_WITHIN_MS;
/**
 * Older chunks are not asked about any more: garbage was found before, and what is sealed may stay for years. Every one is
 * asked about once a day until then.
 */
const ASK_UNTIL_MS = 8 * DAY;
/** Chunks that one step looks at. */
const STEP = 1_000;

export interface SweptChunks {
  readonly looked: number;
  readonly deleted: number;
  /** Where the next step begins; null: the round is over. */
  readonly next: string | null;
}

/**
 * One step of clearing away what consumers wrote and nobody sealed: they died before, or another was quicker. Deletes only
 * what is older than a day, which can not be sealed any more, and neither is registered nor has the mark of a sealed lot.
 * Sealed chunks are as all load files: what becomes of them says their target.
 *
 * @param after the `next` of the step before; null begins a round.
 */
export async function sweepChunks(
  { objects, settings: { control }, now }: Pick<Loader, 'objects' | 'settings' | 'now'>,
  { seals, stream, after }: { seals: Seals; stream: string; after: string | null },
): Promise<SweptChunks> {
  const { bucket, key: prefix } = chunkFolderOf(control);
  const old: (ObjectInfo & { lot: string })[] = [];
  let looked = 0;
  let next: string | null = null;
  for await (const object of objects.list({
    bucket,
    prefix,
    ...(after === null ? {} : { startAfter: after }),
  })) {
    looked += 1;
    const lot = readLot(object);
    // By both clocks: the consumer's, and the store's.
    const ageMs = now() - Math.max(lot === undefined ? now() : timeOfUlid(lot), object.lastModifiedAt);
    if (lot !== undefined && ageMs > GARBAGE_AFTER_MS && ageMs < ASK_UNTIL_MS) old.push({ ...object, lot });
    if (looked >= STEP) {
      next = object.key;
      break;
    }
  }
  if (old.length === 0) return { looked, deleted: 0, next };
  // Before the marks: what is announced in between has its mark by then.
  const unannounced = await seals.unannounced(stream);
  const registered = new Set(unannounced.flatMap(({ chunks }) => chunks.map(({ key }) => key)));
  const marks = new Map<string, boolean>();
  let deleted = 0;
  for (const { lot, etag, ...object } of old) {
    if (registered.has(object.key)) continue;
    // Rejects are moved when they are announced: what is still here was not sealed.
    if (sealedRejectsOf(control, object) === undefined) {
      const isMarked = marks.get(lot) ?? (await objects.head(lotKeyOf(control, lot))) !== undefined;
      marks.set(lot, isMarked);
      if (isMarked) continue;
    }
    if ((await objects.delete(object, { ifMatch: etag })) === 'done') deleted += 1;
  }
  return { looked, deleted, next };
}
