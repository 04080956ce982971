import { chunkFolderOf, lotKeyOf, readChunkKey, readLot } from '../../event/chunk-key.ts';
import { fileIdOf, identityOf, urlOf } from '../../file/identity.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { Loader } from '../../verbs/loader.ts';
import { findMissing } from './find-missing.ts';
import { type Findings, isFull, noFindings, type ReconcilePart } from './findings.ts';
import { readReceiptPlaces } from './receipt-places.ts';
import { endOf, mergeByUrl } from './url-order.ts';

const PLACES_PER_PAGE = 200_000;
const SUSPECTS = 1_000;

/**
 * Chunks of events beside receipts: a warehouse that was restored lacks the receipts of those that were loaded since. Only
 * chunks whose lot has the mark of a seal are load files; the others are garbage, or not announced yet.
 */
export async function reconcileChunks(
  loader: Loader,
  target: string,
  { from: after, repair }: ReconcilePart,
): Promise<Findings> {
  const findings = noFindings();
  if (!(await hasChunks(loader, target))) return findings;
  let suspects: ObjectInfo[] = [];
  const look = async (): Promise<void> => {
    const sealed = await onlySealed(loader, suspects);
    findings.missing.push(...(await findMissing(loader, target, { suspects: sealed, repair })));
    suspects = [];
  };
  const folder = urlOf(chunkFolderOf(loader.settings.control, target));
  const chunks = listChunks(loader, target, after);
  const receipts = readReceiptPlaces(loader, target, { after: after ?? folder, before: endOf(folder) });
  const places = mergeByUrl(chunks, receipts, { urlOfLeft: urlOf, urlOfRight: ({ url }) => url });
  for await (const { url, left: chunk, right: place } of places) {
    const isLoaded =
      chunk !== undefined && place?.receipts.some(({ fileId }) => fileId === fileIdOf(identityOf(chunk)));
    if (chunk !== undefined && isLoaded !== true) suspects.push(chunk);
    if (suspects.length >= SUSPECTS) await look();
    findings.looked += 1;
    if (findings.looked >= PLACES_PER_PAGE || isFull(findings)) {
      findings.next = url;
      break;
    }
  }
  await look();
  return findings;
}

/** Most targets have none: nobody asks the warehouse for these. */
async function hasChunks(loader: Loader, target: string): Promise<boolean> {
  for await (const _ of listChunks(loader, target, null)) return true;
  return false;
}

async function* listChunks(loader: Loader, target: string, after: string | null): AsyncGenerator<ObjectInfo> {
  const { objects, settings } = loader;
  const { bucket, key: prefix } = chunkFolderOf(settings.control, target);
  const startAfter = after === null ? {} : { startAfter: after.slice(urlOf({ bucket, key: '' }).length) };
  for await (const object of objects.list({ bucket, prefix, ...startAfter })) {
    if (readChunkKey(settings.control, object)?.target === target) yield object;
  }
}

async function onlySealed(loader: Loader, chunks: readonly ObjectInfo[]): Promise<readonly ObjectInfo[]> {
  const { objects, settings } = loader;
  const sealed: ObjectInfo[] = [];
  for (const [lot, own] of Map.groupBy(chunks, (chunk) => readLot(chunk))) {
    const isSealed = lot !== undefined && (await objects.head(lotKeyOf(settings.control, lot))) !== undefined;
    if (isSealed) sealed.push(...own);
  }
  return sealed;
}
