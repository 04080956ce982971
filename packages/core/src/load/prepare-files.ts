import { urlOf } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import type { ObjectInfo, ObjectRef, ObjectStore } from '../ports/object-store.ts';
import type { EpochMs } from '../ports/time.ts';
import type { JobFile } from './job-document.ts';

/** What the store says of files that are about to be loaded. */
export interface PreparedFiles {
  readonly ready: readonly JobFile[];
  /** Not there any more. */
  readonly gone: readonly LoadFile[];
  /** There with other bytes: the version that is there now takes the old one's place. */
  readonly changed: readonly { old: LoadFile; now: LoadFile }[];
}

/** Look-ups under way at once: more would be throttled. */
const CONCURRENT_LOOKS = 32;

/**
 * Compares ETags before submit: COPY reads a key, whatever its bytes are by then. With `pinTo`, the announced version
 * is copied there, and COPY reads the copy: nothing can change it any more.
 */
export async function prepareFiles(
  objects: ObjectStore,
  files: readonly LoadFile[],
  { pinTo, now }: { pinTo: ObjectRef | null; now: EpochMs },
): Promise<PreparedFiles> {
  const ready: JobFile[] = [];
  const gone: LoadFile[] = [];
  const changed: { old: LoadFile; now: LoadFile }[] = [];
  // A pin is made of one object at a time anyway.
  const unchanged = pinTo === null ? await findUnchanged(objects, files) : new Map<string, EpochMs>();
  for (let at = 0; at < files.length; at += CONCURRENT_LOOKS) {
    await Promise.all(
      files.slice(at, at + CONCURRENT_LOOKS).map(async (file, index) => {
        const writtenAt = unchanged.get(file.id);
        const seen: Look =
          writtenAt === undefined
            ? await look(objects, file, pinTo)
            : { kind: 'ready', loadUrl: file.url, file: { ...file, writtenAt } };
        if (seen.kind === 'ready') ready[at + index] = { file: seen.file, loadUrl: seen.loadUrl };
        else if (seen.kind === 'gone') gone.push(file);
        else changed.push({ old: file, now: fileOf(seen.info, now) });
      }),
    );
  }
  return { ready: ready.filter((file) => file !== undefined), gone, changed };
}

/**
 * When files were written that many looks at once confirm, by id. Of the others one look each says what became of them. The
 * time is the store's own, whatever the notification said: an object that was written anew with the same bytes has another.
 */
async function findUnchanged(
  objects: ObjectStore,
  files: readonly LoadFile[],
): Promise<ReadonlyMap<string, EpochMs>> {
  const unchanged = new Map<string, EpochMs>();
  if (objects.headAll === undefined) return unchanged;
  for (const [bucket, own] of Map.groupBy(files, ({ identity }) => identity.bucket)) {
    const found = await objects.headAll(
      bucket,
      own.map(({ identity }) => identity.key),
    );
    for (const { id, identity } of own) {
      const info = found.get(identity.key);
      if (info?.etag === identity.etag) unchanged.set(id, info.lastModifiedAt);
    }
  }
  return unchanged;
}

type Look =
  | { readonly kind: 'ready'; readonly loadUrl: string; readonly file: LoadFile }
  | { readonly kind: 'gone' }
  | { readonly kind: 'changed'; readonly info: ObjectInfo };

async function look(objects: ObjectStore, file: LoadFile, pinTo: ObjectRef | null): Promise<Look> {
  const { id, identity, url } = file;
  const pin = pinTo === null ? undefined : pinOf(pinTo, { id, key: identity.key });
  // An attempt that failed has pinned this version: it is loaded, whatever became of the key since.
  if (pin !== undefined && (await objects.head(pin)) !== undefined) {
    return { kind: 'ready', loadUrl: urlOf(pin), file };
  }
  const info = await objects.head(identity);
  if (info === undefined) return { kind: 'gone' };
  if (info.etag !== identity.etag) return { kind: 'changed', info };
  const seen = { ...file, writtenAt: info.lastModifiedAt };
  if (pin === undefined) return { kind: 'ready', loadUrl: url, file: seen };
  const outcome = await objects.copy(identity, pin, { ifMatch: identity.etag });
  if (outcome === 'done') return { kind: 'ready', loadUrl: urlOf(pin), file: seen };
  // Rewritten or deleted between the look and the copy: look again, once per such write.
  return look(objects, file, pinTo);
}

/** Of a key's end, in characters: together with the id shorter than any store's limit, in any alphabet. */
const MAX_PIN_NAME = 50;

/** Where a pinned version is: by its id, with the end of its key, which tells people and COPY how it is packed. */
export function pinOf(pinTo: ObjectRef, { id, key }: { id: string; key: string }): ObjectRef {
  const name = [...key.slice(key.lastIndexOf('/') + 1)].slice(-MAX_PIN_NAME).join('');
  return { bucket: pinTo.bucket, key: `${pinTo.key}${id}-${name}` };
}

function fileOf(info: ObjectInfo, now: EpochMs): LoadFile {
  return loadFileOf({ ...info, writtenAt: info.lastModifiedAt }, now);
}

/** The versions that took the place of files while a job was running: what `settle` compares after the commit. */
export async function changedSince(
  objects: ObjectStore,
  files: readonly LoadFile[],
  now: EpochMs,
): Promise<readonly LoadFile[]> {
  const { changed } = await prepareFiles(objects, files, { pinTo: null, now });
  return changed.map((one) => one.now);
}
