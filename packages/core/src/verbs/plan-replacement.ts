import { parseUrl } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import { copyKindOf } from '../load/build-job.ts';
import { ledgerOf, tableNameOf } from '../load/ledger.ts';
import { prepareFiles } from '../load/prepare-files.ts';
import type { Replacement } from '../load/replacement.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { SqlRow } from '../ports/warehouse.ts';
import { dropPins } from './drop-pins.ts';
import { admit } from './intake.ts';
import type { Loader } from './loader.ts';
import { readHorizon } from './read-horizon.ts';
import { readReceipts } from './read-receipts.ts';
import { setAside } from './set-aside.ts';

/** Loads that one replacement may take the place of: keys that several versions were added of tie loads together. */
const MAX_REPLACED_JOBS = 100;

/** A file that a load to be replaced has brought. */
interface OldFile {
  readonly file: LoadFile;
  readonly jobId: string;
  /** Rows of the whole load; null: the warehouse did not tell. */
  readonly jobRows: number | null;
  readonly isOld: boolean;
}

interface Planned {
  readonly files: readonly LoadFile[];
  readonly replaces: Replacement;
}

/**
 * What it takes to load a file in the place of the versions of its key that are loaded: all files of the loads that brought
 * them, those that are as they were and the new versions of those that are not. The job may so have more files than
 * a batch.
 *
 * Refused, and put into quarantine with the reason, is a file whose place another file of those loads hinders: for its rows
 * would be deleted, and nothing could bring them back.
 *
 * @returns undefined when it was refused, or the line has changed otherwise: the lane is looked at again then.
 */
export async function planReplacement(
  loader: Loader,
  { definition, file }: { definition: TargetDefinition; file: LoadFile },
): Promise<Planned | undefined> {
  const old = await findOldFiles(loader, definition.name, file);
  if (old === 'entangled') {
    const reason = `more than ${MAX_REPLACED_JOBS} loads share keys with the one that brought it`;
    return refuse(loader, { definition, file, old: [], reason });
  }
  // Its receipts went while they were read: it is no rewrite any more, or they are elsewhere.
  if (old.length === 0) return undefined;
  const rows = await countRows(loader, definition.name, old);
  if (typeof rows === 'string') return refuse(loader, { definition, file, old, reason: rows });
  const others = await lookAtOthers(loader, { definition, file, old });
  if (typeof others === 'string') return refuse(loader, { definition, file, old, reason: others });
  const { survivors, rewritten } = others;
  const files = [file, ...rewritten, ...survivors];
  const other = files.find((one) => copyKindOf(definition, one) !== copyKindOf(definition, file));
  if (other !== undefined) {
    const reason = `${other.url}, which the same load brought, is not read by the same COPY options any more`;
    return refuse(loader, { definition, file, old, reason });
  }
  const survivorIds = survivors.map(({ id }) => id);
  const outdated = old.filter((one) => !survivorIds.includes(one.file.id));
  return {
    files,
    replaces: {
      jobIds: jobIdsOf(old),
      receipts: old.length,
      rows,
      survivorIds,
      outdatedIds: outdated.map((one) => one.file.id),
    },
  };
}

/** All files of the loads that a place leads to, by way of the places that these have in common. */
async function findOldFiles(
  loader: Loader,
  target: string,
  file: LoadFile,
): Promise<readonly OldFile[] | 'entangled'> {
  let { jobIds } = await readReceipts(loader, target, [file]);
  // Each round adds a load at least.
  for (let round = 0; round < MAX_REPLACED_JOBS; round += 1) {
    if (jobIds.length > MAX_REPLACED_JOBS) return 'entangled';
    if (jobIds.length === 0) return [];
    const old = await readOldFiles(loader, target, jobIds);
    const found = await readReceipts(loader, target, [file, ...old.map((one) => one.file)]);
    if (found.jobIds.length <= jobIds.length) return old;
    jobIds = found.jobIds;
  }
  return 'entangled';
}

async function readOldFiles(
  loader: Loader,
  target: string,
  jobIds: readonly string[],
): Promise<readonly OldFile[]> {
  const { receipts } = ledgerOf(target);
  const horizonAt = await readHorizon(loader, target);
  const sql = loader.warehouse.dialect.render({ kind: 'select-job-receipts', receipts, jobIds, horizonAt });
  const now = loader.now();
  return (await loader.warehouse.transact([sql])).map((row) => oldFileOf(row, now));
}

function oldFileOf({ url, etag, size, job_id, job_rows, is_old }: SqlRow, now: number): OldFile {
  return {
    file: loadFileOf({ ...parseUrl(String(url)), etag: String(etag), size: Number(size) }, now),
    jobId: String(job_id),
    jobRows: job_rows == null ? null : Number(job_rows),
    isOld: Number(is_old) === 1,
  };
}

/** The rows that would be deleted, if they are all that the loads brought; else why they may not be. */
async function countRows(
  { warehouse }: Loader,
  target: string,
  old: readonly OldFile[],
): Promise<number | string> {
  const pruned = old.find(({ isOld }) => isOld);
  if (pruned !== undefined) {
    return `load ${pruned.jobId}, which brought it, is older than the receipts that were pruned: its files are not known for certain any more`;
  }
  const rowsOfJob = new Map(old.map(({ jobId, jobRows }) => [jobId, jobRows]));
  const expected = [...rowsOfJob.values()].reduce<number>((sum, rows) => sum + (rows ?? 0), 0);
  const jobIds = [...rowsOfJob.keys()];
  const sql = warehouse.dialect.render({ kind: 'count-job-rows', target: tableNameOf(target), jobIds });
  const [row] = await warehouse.transact([sql]);
  const found = Number(row?.found ?? 0);
  const unknown = [...rowsOfJob].find(([, rows]) => rows === null);
  if (found === expected && unknown === undefined) return found;
  const loads = jobIds.length === 1 ? `load ${jobIds[0]}` : `loads ${jobIds.join(', ')}`;
  return unknown === undefined
    ? `${loads} brought ${expected} rows, and ${found} of them are in the table: it was loaded without provenance, or somebody has changed its rows`
    : `load ${unknown[0]} was made without provenance: which rows are its nobody can tell`;
}

/** The other files of the loads: as they are, or the new versions that wait in their place; else what is in the way. */
async function lookAtOthers(
  loader: Loader,
  { definition, file, old }: { definition: TargetDefinition; file: LoadFile; old: readonly OldFile[] },
): Promise<{ survivors: readonly LoadFile[]; rewritten: readonly LoadFile[] } | string> {
  const now = loader.now();
  const others = old.map((one) => one.file).filter(({ keyId }) => keyId !== file.keyId);
  const { ready, gone, changed } = await prepareFiles(loader.objects, others, { pinTo: null, now });
  const [missing] = gone;
  if (missing !== undefined) {
    return `${missing.url}, which the same load brought, is not in the object store any more`;
  }
  const survivors = ready.map((one) => one.file);
  const kept = new Set(survivors.map(({ id }) => id));
  // Of a place that was loaded in two versions, one is as it was.
  const newer = new Map(changed.flatMap((one) => (kept.has(one.now.id) ? [] : [[one.now.id, one.now]])));
  const rewritten = await findWaiting(loader, definition.name, [...newer.values()]);
  const stuck = [...newer.values()].find(({ id }) => !rewritten.some((one) => one.id === id));
  if (stuck === undefined) return { survivors, rewritten };
  return `${stuck.url}, which the same load brought, was rewritten as well, and is quarantined itself`;
}

/** Those of the versions that wait. One that nobody has announced yet waits from now on. */
async function findWaiting(
  loader: Loader,
  target: string,
  versions: readonly LoadFile[],
): Promise<readonly LoadFile[]> {
  if (versions.length === 0) return [];
  const ids = versions.map(({ id }) => id);
  const known = await loader.tracker.filesById(target, ids);
  const settled = new Set(
    known.filter(({ status }) => status === 'waiting' || status === 'quarantined').map((one) => one.file.id),
  );
  const unknown = versions.filter(({ id }) => !settled.has(id));
  if (unknown.length > 0) await admit(loader, target, unknown);
  const now = unknown.length === 0 ? known : await loader.tracker.filesById(target, ids);
  return now.filter(({ status }) => status === 'waiting').map((one) => one.file);
}

function jobIdsOf(old: readonly OldFile[]): readonly string[] {
  return [...new Set(old.map(({ jobId }) => jobId))];
}

async function refuse(
  loader: Loader,
  {
    definition: { name: target },
    file,
    old,
    reason,
  }: { definition: TargetDefinition; file: LoadFile; old: readonly OldFile[]; reason: string },
): Promise<undefined> {
  // An attempt that failed before may have left some.
  await dropPins(
    loader,
    target,
    old.map((one) => one.file),
  );
  const evidence = {
    code: 'rewritten',
    reason: `another version of ${file.url} is loaded already, and cannot be replaced: ${reason}`,
    hint: 'put right what is in the way, and redrive it; or give the new data a new key',
    at: loader.now(),
  };
  await setAside(loader, target, [{ file, status: 'quarantined', evidence }]);
  return undefined;
}
