import { parseUrl, urlOf } from '../../file/identity.ts';
import { type LoadFile, loadFileOf } from '../../file/load-file.ts';
import type { TargetDefinition } from '../../load/target-definition.ts';
import type { ObjectInfo, ObjectRef } from '../../ports/object-store.ts';
import type { ReconcileEntry } from '../../ports/operations.ts';
import { assertInvariant } from '../../recover/invariant.ts';
import { LoadError } from '../../recover/load-error.ts';
import { fileOf } from '../../verbs/list-files.ts';
import { definitionOf, type Loader } from '../../verbs/loader.ts';
import { readHorizon } from '../../verbs/read-horizon.ts';
import { takeUp } from './find-missing.ts';
import { entryOf, type Findings, isFull, noFindings, type ReconcilePart, repaired } from './findings.ts';
import { isLost, type JudgedFile, judgeFiles } from './judge-files.ts';
import { hasLedger, type ReceiptPlace, readReceiptPlaces } from './receipt-places.ts';
import { endOf, mergeByUrl } from './url-order.ts';

/** Moved objects and places per page. */
const PLACES_PER_PAGE = 200_000;
const SUSPECTS = 1_000;

/** A moved object, and the place that it may have come from. */
interface MovedObject {
  readonly object: ObjectInfo;
  readonly origin: ObjectRef;
  /** What its key has beyond the prefix that it was moved to. */
  readonly rest: string;
}

/**
 * Objects that were moved aside as loaded, beside the receipts of the places that they came from (a target that moves has
 * one prefix): a warehouse that was restored lacks the receipts of what was moved since. Such an object goes back to its
 * place and waits there, so that it is loaded under the identity, by the rules and with the end that it had.
 */
export async function reconcileMoved(
  loader: Loader,
  target: string,
  { from: after, repair, source }: ReconcilePart & { source: string },
): Promise<Findings> {
  const definition = definitionOf(loader, target);
  const findings = noFindings();
  let suspects: MovedObject[] = [];
  const look = async (): Promise<void> => {
    findings.missing.push(...(await findLost(loader, target, { suspects, repair })));
    suspects = [];
  };
  // What was moved as loaded before receipts were pruned is not missing: its receipt is.
  const horizonAt = (await hasLedger(loader, target)) ? ((await readHorizon(loader, target)) ?? 0) : 0;
  const moved = listMoved(loader, definition, { source, after });
  const receipts = readReceiptPlaces(loader, target, { after: after ?? source, before: endOf(source) });
  const urls = { urlOfLeft: ({ origin }: MovedObject) => urlOf(origin), urlOfRight: urlOfPlace };
  for await (const { url, left: one, right: place } of mergeByUrl(moved, receipts, urls)) {
    const isSuspect = one !== undefined && one.object.lastModifiedAt >= horizonAt;
    if (isSuspect && !proves(place, one.object)) suspects.push(one);
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

const urlOfPlace = ({ url }: ReceiptPlace): string => url;

/** What was moved and may have come from below `source`, in the order of the places there. */
async function* listMoved(
  { objects, routesOf }: Loader,
  { name, after: done }: TargetDefinition,
  { source, after }: { source: string; after: string | null },
): AsyncGenerator<MovedObject> {
  assertInvariant(done.kind === 'move', 'only what is moved is looked for where it is moved to');
  const to = parseUrl(done.to);
  const { bucket, key: prefix } = parseUrl(source);
  const startAfter = after === null ? {} : { startAfter: to.key + after.slice(source.length) };
  for await (const object of objects.list({ bucket: to.bucket, prefix: to.key, ...startAfter })) {
    const rest = object.key.slice(to.key.length);
    const origin = { bucket, key: prefix + rest };
    // What else lies there has never been a load file of the target.
    if (routesOf(origin).includes(name)) yield { object, origin, rest };
  }
}

/** The ETag of an object that was uploaded in parts: a copy of it has another one. */
const OF_PARTS = /^[0-9a-f]{32}-\d+$/u;

/** Whether the object is one that has a receipt. Of what was uploaded in parts the size has to do. */
function proves(place: ReceiptPlace | undefined, { etag, size }: ObjectInfo): boolean {
  const receipts = place?.receipts ?? [];
  return receipts.some(
    (receipt) =>
      receipt.size === size && (receipt.etag === etag || OF_PARTS.test(receipt.etag) || OF_PARTS.test(etag)),
  );
}

async function findLost(
  loader: Loader,
  target: string,
  { suspects, repair }: { suspects: readonly MovedObject[]; repair: boolean },
): Promise<readonly ReconcileEntry[]> {
  if (suspects.length === 0) return [];
  const elsewhere = await findElsewhere(loader, target, suspects);
  const objects = new Map<string, ObjectInfo>();
  const files = suspects
    .filter((suspect) => !elsewhere.has(suspect))
    .map(({ object, origin }) => {
      const file = loadFileOf({ ...origin, etag: object.etag, size: object.size }, object.lastModifiedAt);
      objects.set(file.id, object);
      return file;
    });
  const entries: ReconcileEntry[] = [];
  for (const judged of (await judgeFiles(loader, target, files)).filter(isLost)) {
    const object = objects.get(judged.file.id);
    if (object !== undefined) entries.push(await judgeLost(loader, target, { judged, object, repair }));
  }
  return entries;
}

/**
 * Those that came by another way than the target's prefix (a bulk load): they were moved with the whole of their key, and
 * have a receipt in another place.
 */
async function findElsewhere(
  loader: Loader,
  target: string,
  suspects: readonly MovedObject[],
): Promise<ReadonlySet<MovedObject>> {
  const etags = [...new Set(suspects.map(({ object }) => object.etag))];
  const found = new Set<string>();
  for await (const { url, receipts } of readReceiptPlaces(loader, target, {
    after: null,
    before: null,
    etags,
  }))
    for (const { etag, size } of receipts) found.add(`${etag} ${size} ${parseUrl(url).key}`);
  return new Set(suspects.filter(({ object, rest }) => found.has(`${object.etag} ${object.size} ${rest}`)));
}

/** One moved object that the receipts do not know. */
async function judgeLost(
  loader: Loader,
  target: string,
  { judged, object, repair }: { judged: JudgedFile; object: ObjectInfo; repair: boolean },
): Promise<ReconcileEntry> {
  const { file } = judged;
  const entry = entryOf(
    target,
    urlOf(object),
    `it was moved as loaded, and ${file.url} has no receipt of it`,
  );
  if (!repair) return entry;
  const there = await loader.objects.head(file.identity);
  if (there !== undefined && there.etag !== file.identity.etag) {
    const why = `${entry.why}; its place holds a newer version now: copy this one there when that one is loaded`;
    return { ...entry, why };
  }
  // First, or a listing would find an object that the tracker has as loaded, and move it away again.
  await loader.tracker.forgetLoaded(target, [file.id]);
  const back = there ?? (await putBack(loader, object, file));
  if (back === undefined) return entry;
  await takeUp(loader, target, [{ ...judged, file: fileOf(back, loader.now()) }]);
  return repaired(entry);
}

/**
 * Written only where nothing is: a copy would replace what somebody may write there in this moment. The moved object stays
 * until the done action replaces it.
 *
 * @returns undefined when the object is gone or changed, or the place is taken.
 */
async function putBack(
  { objects }: Loader,
  object: ObjectInfo,
  to: LoadFile,
): Promise<ObjectInfo | undefined> {
  try {
    const bytes = await objects.read(object, { ifMatch: object.etag });
    return await objects.write(to.identity, bytes, { ifAbsent: true });
  } catch (error) {
    const isOther =
      error instanceof LoadError && (error.code === 'object-gone' || error.code === 'object-changed');
    if (isOther) return undefined;
    throw error;
  }
}
