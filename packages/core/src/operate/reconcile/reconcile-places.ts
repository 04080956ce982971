import { fileIdOf, identityOf, parseUrl, urlOf } from '../../file/identity.ts';
import { loadFileOf } from '../../file/load-file.ts';
import { ledgerOf } from '../../load/ledger.ts';
import type { TargetDefinition } from '../../load/target-definition.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { ReconcileEntry } from '../../ports/operations.ts';
import { definitionOf, type Loader } from '../../verbs/loader.ts';
import { findMissing } from './find-missing.ts';
import { entryOf, type Findings, isFull, noFindings, type ReconcilePart } from './findings.ts';
import { listInOrder, lookAtObjects } from './object-looks.ts';
import { type ReceiptPlace, readReceiptPlaces } from './receipt-places.ts';
import { mergeByUrl } from './url-order.ts';

/** Places per page: bounds how long one answer takes. */
const PLACES_PER_PAGE = 200_000;
/** Suspicions that are looked into at once. */
const SUSPECTS = 1_000;

/**
 * Listing beside receipts, place by place: objects without a receipt, receipts without an object, receipts too many. The
 * receipts are all of the target's, so that doubles are found wherever the files came from.
 */
export async function reconcilePlaces(
  loader: Loader,
  target: string,
  { from: after, repair }: ReconcilePart,
): Promise<Findings> {
  const definition = definitionOf(loader, target);
  const findings = noFindings();
  let suspects: ObjectInfo[] = [];
  let abandoned: ReceiptPlace[] = [];
  const look = async (): Promise<void> => {
    findings.missing.push(...(await findMissing(loader, target, { suspects, repair })));
    findings.orphan.push(...(await findAbandoned(loader, definition, abandoned)));
    [suspects, abandoned] = [[], []];
  };
  const listing = listInOrder(loader, target, { from: definition.from, after });
  const receipts = readReceiptPlaces(loader, target, { after, before: null });
  const places = mergeByUrl(listing, receipts, { urlOfLeft: urlOf, urlOfRight: ({ url }) => url });
  for await (const { url, left: object, right: place } of places) {
    if (place !== undefined) findings.double.push(...findDoubles(definition, place));
    if (object === undefined && place !== undefined) abandoned.push(place);
    if (object !== undefined && !isLoaded(object, place)) suspects.push(object);
    if (suspects.length + abandoned.length >= SUSPECTS) await look();
    findings.looked += 1;
    if (findings.looked >= PLACES_PER_PAGE || isFull(findings)) {
      findings.next = url;
      break;
    }
  }
  await look();
  return findings;
}

function isLoaded(object: ObjectInfo, place: ReceiptPlace | undefined): boolean {
  if (place === undefined) return false;
  const id = fileIdOf(identityOf(object));
  return place.receipts.some(({ fileId }) => fileId === id);
}

/** What only a person can judge: which of the rows are too many. */
function findDoubles({ name, rule }: TargetDefinition, place: ReceiptPlace): readonly ReconcileEntry[] {
  const { url, keyId, receipts } = place;
  if (receipts.length === 1) return [];
  const { schema, name: table } = ledgerOf(name).receipts;
  const look = `SELECT * FROM ${schema}.${table} WHERE key_id = '${keyId}'`;
  const versions = Map.groupBy(receipts, ({ fileId }) => fileId);
  const repeated = [...versions.values()].filter((own) => own.length > 1);
  if (repeated.length > 0) {
    const jobs = [...new Set(repeated.flat().map(({ jobId }) => jobId))].join(', ');
    return [
      entryOf(
        name,
        url,
        `one file has ${repeated[0]?.length} load receipts (job ${jobs}); look with: ${look}`,
      ),
    ];
  }
  // Where a rewritten key is loaded anew, several versions are what was asked for.
  if (rule.mode !== 'append' || rule.onRewrite === 'reload') return [];
  const why = `it was loaded in ${versions.size} versions into a table that appends; look with: ${look}`;
  return [entryOf(name, url, why)];
}

/** Of places with receipts that the listing does not have, those that should have it. */
async function findAbandoned(
  loader: Loader,
  { name, after }: TargetDefinition,
  places: readonly ReceiptPlace[],
): Promise<readonly ReconcileEntry[]> {
  // Who moves or deletes what is loaded finds nothing there; what came by another way than a route may have gone again.
  if (after.kind === 'move' || after.kind === 'delete') return [];
  const kept = places.filter(({ url }) => loader.routesOf(parseUrl(url)).includes(name));
  const files = kept.map(({ url }) => loadFileOf({ ...parseUrl(url), etag: '', size: 0 }, 0));
  const looks = await lookAtObjects(loader.objects, files);
  return files
    .filter(({ id }) => looks.get(id) === 'gone')
    .map(({ url }) =>
      entryOf(name, url, `it has a receipt, and its object is gone although 'after' is '${after.kind}'`),
    );
}
