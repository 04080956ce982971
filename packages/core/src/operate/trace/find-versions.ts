import { type LoadFile, loadFileOf, type TrackedFile } from '../../file/load-file.ts';
import { ledgerOf } from '../../load/ledger.ts';
import type { ObjectInfo, ObjectRef } from '../../ports/object-store.ts';
import type { SqlRow } from '../../ports/warehouse.ts';
import { LoadError } from '../../recover/load-error.ts';
import type { Loader } from '../../verbs/loader.ts';

/** A receipt of one version of a key. */
export interface VersionReceipt {
  readonly jobId: string;
  readonly attempt: number;
  readonly file: LoadFile;
  /** Rows of the whole job, where the warehouse counted them in its transaction. */
  readonly jobRows: number | null;
}

/** One version of a key before one target: what each witness says of it. */
export interface KnownVersion {
  readonly file: LoadFile;
  /** Undefined: the tracker knows nothing of it (any more). */
  readonly tracked: TrackedFile | undefined;
  readonly receipt: VersionReceipt | undefined;
  /** The store has these bytes at the address now. */
  readonly isCurrent: boolean;
}

export interface KnownVersions {
  /** The newest first. */
  readonly versions: readonly KnownVersion[];
  /** Why the receipts could not be asked; null when they were. */
  readonly warehouseSilence: string | null;
}

/** Asks store, tracker and receipts for all versions of a key before a target; the object as it is now is one of them. */
export async function findVersions(
  loader: Loader,
  { target, at, current }: { target: string; at: ObjectRef; current: ObjectInfo | undefined },
): Promise<KnownVersions> {
  const { receipts, silence } = await readVersionReceipts(loader, target, at);
  const now = current === undefined ? undefined : fileOf(current);
  const inTracker = await loader.tracker.versionsAt(target, at);
  const known = new Map(inTracker.map((tracked) => [tracked.file.id, tracked]));
  const loadedIds = [...receipts.keys(), ...(now === undefined ? [] : [now.id])].filter(
    (id) => !known.has(id),
  );
  for (const tracked of await loader.tracker.filesById(target, loadedIds)) {
    known.set(tracked.file.id, tracked);
  }
  const ids = new Set([...known.keys(), ...receipts.keys(), ...(now === undefined ? [] : [now.id])]);
  const versions: KnownVersion[] = [];
  for (const id of ids) {
    const tracked = known.get(id);
    const receipt = receipts.get(id);
    const file = tracked?.file ?? (now?.id === id ? now : receipt?.file);
    if (file !== undefined) versions.push({ file, tracked, receipt, isCurrent: id === now?.id });
  }
  return { versions: versions.sort(newestFirst), warehouseSilence: silence };
}

/** The object as the store has it comes first, then by when a version was written or heard of; the rest by its load. */
function newestFirst(one: KnownVersion, other: KnownVersion): number {
  if (one.isCurrent !== other.isCurrent) return one.isCurrent ? -1 : 1;
  return timeOf(other) - timeOf(one) || (one.file.id < other.file.id ? -1 : 1);
}

function timeOf({ file }: KnownVersion): number {
  return file.writtenAt ?? file.arrivedAt;
}

async function readVersionReceipts(
  loader: Loader,
  target: string,
  at: ObjectRef,
): Promise<{ receipts: Map<string, VersionReceipt>; silence: string | null }> {
  const { warehouse } = loader;
  const { receipts: table } = ledgerOf(target);
  const { keyId } = loadFileOf({ ...at, etag: '', size: 0 }, 0);
  const receipts = new Map<string, VersionReceipt>();
  try {
    const ask = (sql: string): Promise<readonly SqlRow[]> => warehouse.transact([sql]);
    const found = await ask(
      warehouse.dialect.render({ kind: 'select-receipts', receipts: table, keyIds: [keyId] }),
    );
    const jobIds = [...new Set(found.map((row) => String(row.job_id)))];
    if (jobIds.length === 0) return { receipts, silence: null };
    const attempts = new Map(found.map((row) => [String(row.file_id), Number(row.attempt)]));
    const rows = await ask(
      warehouse.dialect.render({ kind: 'select-job-receipts', receipts: table, jobIds, horizonAt: null }),
    );
    for (const row of rows) {
      const id = String(row.file_id);
      if (!attempts.has(id)) continue;
      const file = loadFileOf({ ...at, etag: String(row.etag), size: Number(row.size) }, 0);
      receipts.set(id, {
        jobId: String(row.job_id),
        attempt: attempts.get(id) ?? 1,
        file,
        jobRows: row.job_rows == null ? null : Number(row.job_rows),
      });
    }
    return { receipts, silence: null };
  } catch (error) {
    // Its first start makes a target's ledger: without one, nothing was ever loaded.
    if (error instanceof LoadError && error.code === 'table-missing') return { receipts, silence: null };
    if (error instanceof LoadError) return { receipts, silence: error.message };
    throw error;
  }
}

function fileOf(current: ObjectInfo): LoadFile {
  return loadFileOf({ ...current, writtenAt: current.lastModifiedAt }, 0);
}
