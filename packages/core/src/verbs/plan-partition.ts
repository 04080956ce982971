import { parseUrl } from '../file/identity.ts';
import type { Evidence, LoadFile, TrackedFile } from '../file/load-file.ts';
import { copyKindOf } from '../load/build-job.ts';
import { type JobDocument, placesOf, readText } from '../load/job-document.ts';
import { ledgerOf } from '../load/ledger.ts';
import { MAX_PARTITION_FILES, type Partition, type PartitionJob, partitionOf } from '../load/partition.ts';
import type { SqlRow } from '../ports/warehouse.ts';
import { finishLoaded } from './finish-loaded.ts';
import { admit } from './intake.ts';
import { fileOf } from './list-files.ts';
import type { Loader } from './loader.ts';
import { PARTITION_HELD, type PartitionedTarget, type WaitingPartition } from './next-partition.ts';
import { setAside } from './set-aside.ts';

/** Receipts per question. */
const PAGE = 10_000;

export interface PlannedPartition {
  readonly files: readonly LoadFile[];
  readonly job: PartitionJob;
}

/**
 * What it takes to replace a partition by what is in it now: all files of its listing, those that wait and those that are
 * loaded already.
 *
 * What the listing shows and nobody has announced is written down first, as if it arrived now. A partition with a file that
 * is quarantined is held: its files wait, and say for which one. One that has not changed is done.
 *
 * @returns undefined when there is nothing to load, or something is in the way: the lane is looked at again then.
 */
export async function planPartition(
  loader: Loader,
  { definition, waiting }: { definition: PartitionedTarget; waiting: WaitingPartition },
): Promise<PlannedPartition | undefined> {
  const { partition } = waiting;
  const target = definition.name;
  const listed = await listPartition(loader, definition, partition);
  if (listed === 'too-many') {
    const reason = `it has more than ${MAX_PARTITION_FILES} files, and a partition is loaded at once`;
    return hold(loader, {
      target,
      waiting,
      reason,
      hint: 'write fewer, larger files, or smaller partitions',
    });
  }
  const last = await readLast(loader, target, partition);
  if (last.jobUrl !== null && last.jobUrl !== partition.url) {
    const reason = `its rows are those of ${last.jobUrl} as well: both give ${sayRows(partition)}`;
    return hold(loader, {
      target,
      waiting,
      reason,
      hint: 'give each prefix its own values, or one target each',
    });
  }
  const known = await readKnown(loader, target, listed);
  const waitingIds = new Set(waiting.files.map(({ id }) => id));
  const isChanged = await admitUnknown(loader, { target, listed, known, last, waitingIds });
  // Of a key that waits in two versions the line would take the younger one for the one that is there.
  const places = new Map(listed.map((file) => [file.keyId, file]));
  const rewritten = waiting.files.filter(({ id, keyId }) => (places.get(keyId)?.id ?? id) !== id);
  await setAside(loader, target, absentFiles(rewritten, loader.now()));
  if (isChanged || rewritten.length > 0) return undefined;
  const bad = listed.flatMap(({ id }) => known.get(id) ?? []).find(({ status }) => status === 'quarantined');
  if (bad !== undefined) {
    const reason = `${bad.file.url} is quarantined: ${bad.evidence?.reason ?? 'nobody has noted why'}`;
    const hint = 'write that file anew, delete it, or redrive it: the partition follows by itself';
    return hold(loader, { target, waiting, reason, hint });
  }
  const listedIds = new Set(listed.map(({ id }) => id));
  if (await isTriedAlready(loader, { target, waiting, listedIds })) return undefined;
  const absent = waiting.files.filter(({ id }) => !listedIds.has(id));
  const isAsLoaded = listedIds.size === last.ids.size && [...listedIds].every((id) => last.ids.has(id));
  const isNew = waiting.files.some(({ id }) => !last.ids.has(id));
  const isEmptied = listed.length === 0 && !definition.partition.replacesEmpty;
  if (isAsLoaded || !isNew || isEmptied) {
    const done = waiting.files.filter(({ id }) => last.ids.has(id));
    await finishLoaded(loader, target, done);
    await setAside(
      loader,
      target,
      absentFiles(
        absent.filter(({ id }) => !last.ids.has(id)),
        loader.now(),
      ),
    );
    return undefined;
  }
  const kinds = new Map(listed.map((file) => [copyKindOf(definition, file), file]));
  const [one, other] = [...kinds.values()];
  if (one !== undefined && other !== undefined) {
    const reason = `${one.url} and ${other.url} are not read by the same COPY options, and one COPY reads all of it`;
    return hold(loader, {
      target,
      waiting,
      reason,
      hint: 'write all files of a partition in one format and compression',
    });
  }
  if (definition.partition.columns === null && last.foreignUrl !== null) {
    const reason = `${last.foreignUrl} was loaded before the target was parted: which rows are its nobody can tell`;
    const hint = "delete its rows and its receipt, or name the columns of the partition in 'partitionBy'";
    return hold(loader, { target, waiting, reason, hint });
  }
  return { files: listed, job: jobOf(partition, { listed, absent, last }) };
}

/** A partition's next replacement, by what is in it and what was. */
export function jobOf(
  partition: Partition,
  {
    listed,
    absent,
    last,
  }: { listed: readonly LoadFile[]; absent: readonly LoadFile[]; last: LastReplacement },
): PartitionJob {
  const ids = new Set(listed.map(({ id }) => id));
  return {
    ...partition,
    generation: last.generation + 1,
    receipts: last.ids.size,
    replacedRows: last.rows,
    survivorIds: listed.flatMap(({ id }) => (last.ids.has(id) ? [id] : [])),
    outdatedIds: [...last.ids].filter((id) => !ids.has(id)),
    absentIds: absent.map(({ id }) => id),
  };
}

/** What files say that were deleted, or written anew, before their partition was loaded. */
export function absentFiles(
  files: readonly LoadFile[],
  at: number,
): readonly { readonly file: LoadFile; readonly status: 'superseded'; readonly evidence: Evidence }[] {
  const reason = 'it was not in its partition any more when this was looked at';
  return files.map((file) => ({ file, status: 'superseded', evidence: { code: 'superseded', reason, at } }));
}

/** The files that are in a partition now. */
export async function listPartition(
  loader: Loader,
  definition: PartitionedTarget,
  { url }: Partition,
): Promise<readonly LoadFile[] | 'too-many'> {
  const { bucket, key } = parseUrl(url);
  const files: LoadFile[] = [];
  for await (const object of loader.objects.list({ bucket, prefix: key })) {
    if (!loader.routesOf(object).includes(definition.name)) continue;
    if (partitionOf(definition, object)?.url !== url) continue;
    if (files.length >= MAX_PARTITION_FILES) return 'too-many';
    files.push(fileOf(object, loader.now()));
  }
  return files;
}

/** How soon a partition is tried again that nobody has touched since it failed: the table may have been mended. */
const RETRY_MS = 600_000;

/** The very same files have failed together not long ago: they wait on, for the reason that they have. */
async function isTriedAlready(
  loader: Loader,
  {
    target,
    waiting: { batch },
    listedIds,
  }: { target: string; waiting: WaitingPartition; listedIds: ReadonlySet<string> },
): Promise<boolean> {
  const now = loader.now();
  const failed = batch.files.flatMap(({ evidence }) =>
    evidence?.code === PARTITION_HELD && evidence.jobId !== undefined
      ? [{ ...evidence, jobId: evidence.jobId }]
      : [],
  );
  const last = failed.toSorted((a, b) => b.at - a.at)[0];
  if (last === undefined) return false;
  const attempt = { jobId: last.jobId, attempt: 1, fence: 0 };
  const text = await readText(loader.objects, placesOf(loader.settings.control, target, attempt).document);
  // It was cleared away, long after: then it may be tried again.
  if (text === undefined) return false;
  const { files, createdAt } = JSON.parse(text) as JobDocument;
  const isSame = files.length === listedIds.size && files.every(({ file }) => listedIds.has(file.id));
  if (!isSame || now >= createdAt + RETRY_MS) return false;
  const ids = batch.files.map(({ file }) => file.id);
  await loader.tracker.noteFailure(target, ids, { ...last, at: now });
  return true;
}

/** What the warehouse knows of a partition. */
export interface LastReplacement {
  /** 0: it was never replaced. */
  readonly generation: number;
  readonly rows: number;
  /** The prefix that the rows came from; null: none. */
  readonly jobUrl: string | null;
  /** Files below the prefix that have a receipt. */
  readonly ids: ReadonlySet<string>;
  /** One of these that another load than the last replacement brought. */
  readonly foreignUrl: string | null;
}

/** What the warehouse knows of a partition. */
export async function readLast(
  loader: Loader,
  target: string,
  partition: Partition,
): Promise<LastReplacement> {
  const { receipts } = ledgerOf(target);
  const { warehouse } = loader;
  const ask = (statement: Parameters<typeof warehouse.dialect.render>[0]): Promise<readonly SqlRow[]> =>
    warehouse.transact([warehouse.dialect.render(statement)]);
  const ref = { id: partition.id, url: partition.url };
  const [row] = await ask({ kind: 'select-partition', receipts, partition: ref });
  const ids = new Set<string>();
  let foreignUrl: string | null = null;
  let after = partition.url;
  // The first address behind all that begin with it: its last character is a '/'.
  const before = `${partition.url.slice(0, -1)}0`;
  for (;;) {
    const page = await ask({ kind: 'page-receipts', receipts, after, before, limit: PAGE });
    for (const { file_id, job_id, url } of page) {
      ids.add(String(file_id));
      if (row === undefined || job_id !== row.job_id) foreignUrl ??= String(url);
    }
    after = String(page.at(-1)?.url ?? after);
    if (page.length < PAGE) break;
  }
  return {
    generation: Number(row?.generation ?? 0),
    rows: Number(row?.job_rows ?? 0),
    jobUrl: row === undefined ? null : String(row.url),
    ids,
    foreignUrl,
  };
}

async function readKnown(
  loader: Loader,
  target: string,
  listed: readonly LoadFile[],
): Promise<ReadonlyMap<string, TrackedFile>> {
  const known = await loader.tracker.filesById(
    target,
    listed.map(({ id }) => id),
  );
  return new Map(known.map((one) => [one.file.id, one]));
}

/** Whatever is in the partition, is not loaded and does not wait, waits from now on. @returns whether there was any. */
async function admitUnknown(
  loader: Loader,
  {
    target,
    listed,
    known,
    last,
    waitingIds,
  }: {
    target: string;
    listed: readonly LoadFile[];
    known: ReadonlyMap<string, TrackedFile>;
    last: LastReplacement;
    waitingIds: ReadonlySet<string>;
  },
): Promise<boolean> {
  const unknown = listed.filter(({ id }) => {
    const status = known.get(id)?.status;
    return !last.ids.has(id) && !waitingIds.has(id) && status !== 'quarantined';
  });
  if (unknown.length === 0) return false;
  // It was, and left the partition meanwhile: what the tracker remembers of that is over.
  const stale = unknown.filter(({ id }) => known.get(id)?.status === 'loaded').map(({ id }) => id);
  if (stale.length > 0) await loader.tracker.forgetLoaded(target, stale);
  await admit(loader, target, unknown);
  return true;
}

/** The files of a partition wait on, and say for what. */
async function hold(
  loader: Loader,
  {
    target,
    waiting: { partition, files },
    reason,
    hint,
  }: { target: string; waiting: WaitingPartition; reason: string; hint: string },
): Promise<undefined> {
  const ids = files.map(({ id }) => id);
  await loader.tracker.noteFailure(target, ids, heldEvidence(partition, { reason, hint, at: loader.now() }));
  return undefined;
}

/** Why a partition as a whole waits, as each of its files says it. */
export function heldEvidence(
  { url }: Pick<Partition, 'url'>,
  { reason, hint, at }: { reason: string; hint: string; at: number },
): Evidence {
  return { code: PARTITION_HELD, reason: `partition ${url} is held: ${reason}`, hint, at };
}

function sayRows({ rows }: Partition): string {
  return rows.map(({ column, value }) => `${column} = '${value}'`).join(' and ');
}
