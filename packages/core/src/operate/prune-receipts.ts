import { parseUrl } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import { movedTo } from '../load/done-action.ts';
import { ledgerOf } from '../load/ledger.ts';
import { planPrune } from '../load/plan-prune.ts';
import type { PruneReceiptsRequest, PruneReceiptsStep } from '../ports/operations.ts';
import type { EpochMs } from '../ports/time.ts';
import type { SqlRow } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import { definitionOf, type Loader } from '../verbs/loader.ts';
import { readHorizon } from '../verbs/read-horizon.ts';
import { lookAtObjects } from './reconcile/object-looks.ts';
import { hasLedger } from './reconcile/receipt-places.ts';

const DAY_MS = 24 * 60 * 60_000;
/** What may be under way, or announced a second time, needs its receipts: statements end within a day. */
const MIN_AGE_MS = DAY_MS;
/** How far the clocks of object store and warehouse may differ: a file that loses its receipt is older than the horizon. */
const SKEW_MS = 60 * 60_000;
/** Receipts per step: a look at the store each, and one statement with their ids. */
const PAGE = 1_000;
const CONCURRENT_LOOKS = 32;

/**
 * One step of forgetting old receipts. Kept are those of objects that are still in their place, whatever their age: a
 * listing, a late notification or `touch` could bring these again. With the first receipt that goes the horizon rises, in
 * the same transaction, below which the guard of every load refuses a file: it can not be told any more whether it was loaded.
 *
 * @throws LoadError `target-unknown`, `retention-too-short`
 */
export async function pruneReceipts(
  loader: Loader,
  { target, olderThanMs, dryRun, after }: PruneReceiptsRequest,
): Promise<PruneReceiptsStep> {
  definitionOf(loader, target);
  if (!(olderThanMs >= MIN_AGE_MS)) {
    throw new LoadError('retention-too-short', 'receipts of the last day are needed', {
      hint: "name a day or more: '90d'",
    });
  }
  const horizonAt = loader.now() - olderThanMs;
  if (!(await hasLedger(loader, target))) return { horizon: null, pruned: 0, kept: 0, next: null };
  const standing = await readHorizon(loader, target);
  const before = horizonAt - SKEW_MS;
  const rows = await readPage(loader, target, { after, before });
  const files = rows.map(fileOf);
  const ids = (await findForgettable(loader, target, { files, horizonAt })).map(({ id }) => id);
  const url = rows.at(-1)?.url;
  const next = rows.length < PAGE || url === undefined ? null : String(url);
  const step = { pruned: ids.length, kept: rows.length - ids.length, next };
  // The horizon is the price of a receipt that goes: where none does, no file is refused for it.
  if (ids.length === 0) return { ...step, horizon: toText(standing) };
  const raised = Math.max(horizonAt, standing ?? horizonAt);
  if (dryRun) return { ...step, horizon: toText(raised) };
  return { ...step, horizon: toText(await prune(loader, target, { ids, horizonAt, before })) };
}

/** Those whose objects are gone; and, where objects are moved as loaded, were moved before the horizon too. */
async function findForgettable(
  loader: Loader,
  target: string,
  { files, horizonAt }: { files: readonly LoadFile[]; horizonAt: number },
): Promise<readonly LoadFile[]> {
  const { after, from } = definitionOf(loader, target);
  const { objects } = loader;
  const looks = await lookAtObjects(objects, files);
  const gone = files.filter(({ id }) => looks.get(id) === 'gone');
  if (after.kind !== 'move') return gone;
  const forgettable: LoadFile[] = [];
  for (let at = 0; at < gone.length; at += CONCURRENT_LOOKS) {
    const chunk = gone.slice(at, at + CONCURRENT_LOOKS);
    const moved = await Promise.all(
      chunk.map(({ identity }) => objects.head(movedTo(after.to, identity, from))),
    );
    // Else it would look like one that a restored warehouse lacks.
    forgettable.push(...chunk.filter((_, nth) => (moved[nth]?.lastModifiedAt ?? 0) < horizonAt));
  }
  return forgettable;
}

/** @returns the horizon that stands now: an earlier one may have been higher. */
async function prune(
  { warehouse, settings }: Loader,
  target: string,
  { ids, horizonAt, before }: { ids: readonly string[]; horizonAt: number; before: number },
): Promise<EpochMs> {
  const { dialect } = warehouse;
  const { receipts } = ledgerOf(target);
  const [summary] = await warehouse.transact([dialect.render({ kind: 'summarise-receipts', receipts })]);
  const plan = planPrune(target, {
    fileIds: ids,
    horizonAt,
    voidedBefore: before,
    fence: Number(summary?.max_fence ?? 0),
    lockTimeoutMs: settings.lockTimeoutMs,
  });
  const [row] = await warehouse.transact(plan.map((statement) => dialect.render(statement)));
  return Number(row?.horizon_at ?? horizonAt);
}

function toText(at: EpochMs | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** Places are not cut in two: the receipts of one are few. */
async function readPage(
  { warehouse }: Loader,
  target: string,
  { after, before }: { after: string | null; before: number },
): Promise<readonly SqlRow[]> {
  const { receipts } = ledgerOf(target);
  const sql = warehouse.dialect.render({
    kind: 'page-receipts',
    receipts,
    after,
    before: null,
    loadedBefore: before,
    limit: PAGE,
  });
  return warehouse.transact([sql]);
}

function fileOf({ url, etag, size }: SqlRow): LoadFile {
  return loadFileOf({ ...parseUrl(String(url)), etag: String(etag), size: Number(size) }, 0);
}
