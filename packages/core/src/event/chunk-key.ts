import type { ObjectRef } from '../ports/object-store.ts';

/** What a chunk's key says: whose rows it holds, and in which columns. */
export interface ChunkName {
  /** `schema.table` */
  readonly target: string;
  /** The hash of its column list. */
  readonly columns: string;
}

/** Below the control prefix, which no route takes: chunks are files of their target when a seal has registered them. */
const FOLDER = 'loads/';
const REJECTS_FOLDER = 'loads/rejected/';
const CHUNK = /^([^/]+\.[^/]+)\/([0-9a-f]{16})\/[^/]+$/u;

/** Where marks of sealed lots are. */
const LOTS_FOLDER = 'lots/';
const LOT = /\/([0-9A-HJKMNP-TV-Z]{26})-\d+\.[^/]+$/u;

/** What chunks of a target begin with. */
export function chunkFolderOf(control: ObjectRef, target?: string): ObjectRef {
  return {
    bucket: control.bucket,
    key: `${control.key}${FOLDER}${target === undefined ? '' : `${target}/`}`,
  };
}

/** The flush that a chunk, or a file of rejects, was written by: a ULID; undefined for what no consumer has written. */
export function readLot({ key }: Pick<ObjectRef, 'key'>): string | undefined {
  return LOT.exec(key)?.[1];
}

/** The object that is there when a lot was sealed: `lots/<lot>.json`. */
export function lotKeyOf(control: ObjectRef, lot: string): ObjectRef {
  return { bucket: control.bucket, key: `${control.key}${LOTS_FOLDER}${lot}.json` };
}

/**
 * `loads/<target>/<columns>/<id>.csv<ending>` below the control prefix.
 *
 * @param id `<lot>-<number>`, the lot unique to the attempt that writes it: two attempts never cut a stream at the same
 * places, so a name made of places would be a name for two contents.
 */
export function chunkKeyOf(
  control: ObjectRef,
  { target, columns }: ChunkName,
  { id, ending }: { id: string; ending: string },
): ObjectRef {
  return { bucket: control.bucket, key: `${control.key}${FOLDER}${target}/${columns}/${id}.csv${ending}` };
}

/** Whether an object is a chunk, and whose; undefined for all else. */
export function readChunkKey(control: ObjectRef, { bucket, key }: ObjectRef): ChunkName | undefined {
  const folder = control.key + FOLDER;
  if (bucket !== control.bucket || !key.startsWith(folder)) return undefined;
  const [, target, columns] = CHUNK.exec(key.slice(folder.length)) ?? [];
  return target === undefined || columns === undefined ? undefined : { target, columns };
}

/** S3 takes 2 KB of metadata in all, names included. */
const MAX_METADATA_BYTES = 1_800;

/** What a chunk's key says, in full, for whoever looks at the object alone. A wide table's columns are only in its list. */
export function chunkMetadataOf({
  target,
  list,
}: {
  readonly target: string;
  readonly list: { readonly columns: readonly string[] };
}): Readonly<Record<string, string>> {
  // Metadata is ASCII, names of tables and columns need not be.
  const columns = list.columns.map(encodeURIComponent).join(',');
  const metadata = { 'millrace-target': encodeURIComponent(target) };
  return columns.length > MAX_METADATA_BYTES ? metadata : { ...metadata, 'millrace-columns': columns };
}

/** Where rejects wait for their seal, by an id as that of chunks. */
export function rejectsKeyOf(control: ObjectRef, id: string): ObjectRef {
  return { bucket: control.bucket, key: `${control.key}${REJECTS_FOLDER}${id}.ndjson` };
}

/** What sealed rejects begin with. */
export function rejectsFolderOf({ bucket, key }: ObjectRef): ObjectRef {
  return { bucket, key: `${key}rejects/` };
}

/** Where sealed rejects stay for people: `rejects/<id>.ndjson`; undefined for what are no rejects. */
export function sealedRejectsOf(control: ObjectRef, { bucket, key }: ObjectRef): ObjectRef | undefined {
  const folder = control.key + REJECTS_FOLDER;
  if (bucket !== control.bucket || !key.startsWith(folder)) return undefined;
  return { bucket, key: `${rejectsFolderOf(control).key}${key.slice(folder.length)}` };
}
