import { parseUrl, urlOf } from '../file/identity.ts';
import type { LoadFile } from '../file/load-file.ts';
import { UNLOAD_PREFIX } from '../file/route.ts';
import type { BatchingPolicy, TargetDefinition } from '../load/target-definition.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import type { BackfillCount, BackfillRequest, BackfillStep, HandedFile } from '../ports/operations.ts';
import { LoadError } from '../recover/load-error.ts';
import { fileOf } from '../verbs/list-files.ts';
import { definitionOf, type Loader } from '../verbs/loader.ts';
import { handedFiles } from './handed-files.ts';
import { takeUp } from './reconcile/find-missing.ts';
import { type JudgedFile, judgeFiles } from './reconcile/judge-files.ts';
import { type ReceiptPlace, readReceiptPlaces } from './reconcile/receipt-places.ts';
import { endOf, type Joined, mergeByUrl, startOf } from './reconcile/url-order.ts';

/** Objects per step: bounds how long one answer takes. */
const OBJECTS_PER_STEP = 20_000;
/** Files that tracker and receipts are asked about at once. */
const PAGE = 1_000;

/**
 * One step of a backfill. Listing and receipts are read side by side, so that what is loaded costs next to nothing: that
 * is also what makes it resumable, nothing else is kept.
 *
 * The lane loads in the order of arrival, and a step hands over one job of files at most, as if they arrived now. Whoever
 * takes the next step when these are done never has more than that in the line: a file that arrives meanwhile
 * waits for one job of the backfill at most, and a busy lane gives the backfill a job whenever it has loaded what came
 * before it.
 *
 * @throws LoadError `target-unknown`, `invalid-url`, `backfill-elsewhere`
 */
export async function backfillFiles(loader: Loader, request: BackfillRequest): Promise<BackfillStep> {
  const { target, dryRun } = request;
  const definition = definitionOf(loader, target);
  const { batching } = definition;
  checkReach(definition, request.prefix);
  const tally = new Tally();
  const fresh: JudgedFile[] = [];
  const inLine: HandedFile[] = [];
  let page: PageEntry[] = [];
  let [looked, next] = [0, null as string | null];

  /** @returns the URL of the last file that was counted, when there is room for no more; else null. */
  const takePage = async (): Promise<string | null> => {
    const entries = page;
    page = [];
    const suspects = entries.filter(({ isLoaded }) => !isLoaded).map(({ file }) => file);
    const judgedById = new Map((await judgeFiles(loader, target, suspects)).map((one) => [one.file.id, one]));
    for (const { file, isLoaded } of entries) {
      const judged = judgedById.get(file.id);
      if (isLoaded || judged === undefined || judged.isProven) tally.loaded.add(file);
      else if (judged.known?.status === 'waiting') {
        tally.waiting.add(file);
        if (!dryRun) inLine.push({ target, id: file.id, url: file.url, status: 'waiting' });
      } else if (judged.known?.status === 'quarantined') tally.quarantined.add(file);
      else {
        tally.fresh.add(file);
        fresh.push(judged);
        if (!dryRun && tally.fresh.fills(batching)) return file.url;
      }
    }
    return null;
  };

  for await (const { url, left: object, right: place } of joinReceipts(loader, request)) {
    looked += 1;
    if (object !== undefined && isMeant(loader, object, request)) {
      const file = fileOf(object, loader.now());
      page.push({ file, isLoaded: place?.receipts.some(({ fileId }) => fileId === file.id) ?? false });
    }
    if (page.length >= PAGE) next = await takePage();
    if (next === null && looked >= OBJECTS_PER_STEP) next = (await takePage()) ?? url;
    if (next !== null) break;
  }
  next = (await takePage()) ?? next;
  if (fresh.length > 0 && !dryRun) await takeUp(loader, target, fresh);
  const handed = dryRun
    ? []
    : await handedFiles(
        loader,
        target,
        fresh.map(({ file }) => file),
      );
  return { ...tally.counts, handed, inLine, next };
}

interface PageEntry {
  readonly file: LoadFile;
  readonly isLoaded: boolean;
}

/** What is below the prefix, listed and with receipts, in the order of the keys. */
function joinReceipts(
  loader: Loader,
  { target, prefix, after }: BackfillRequest,
): AsyncGenerator<Joined<ObjectInfo, ReceiptPlace>> {
  const { bucket, key } = parseUrl(prefix);
  const startAfter = after === null ? {} : { startAfter: parseUrl(after).key };
  const listing = loader.objects.list({ bucket, prefix: key, ...startAfter });
  const receipts = readReceiptPlaces(loader, target, {
    after: after ?? startOf(prefix),
    before: endOf(prefix),
    pageSize: OBJECTS_PER_STEP,
  });
  return mergeByUrl(listing, receipts, { urlOfLeft: urlOf, urlOfRight: ({ url }) => url });
}

/** Files and bytes by where they stand. */
class Tally {
  readonly loaded = new Count();
  readonly waiting = new Count();
  readonly quarantined = new Count();
  readonly fresh = new Count();

  get counts(): Pick<BackfillStep, 'loaded' | 'waiting' | 'quarantined' | 'fresh'> {
    const { loaded, waiting, quarantined, fresh } = this;
    return {
      loaded: loaded.value,
      waiting: waiting.value,
      quarantined: quarantined.value,
      fresh: fresh.value,
    };
  }
}

class Count {
  value: BackfillCount = { files: 0, bytes: 0 };

  add({ identity }: LoadFile): void {
    const { files, bytes } = this.value;
    this.value = { files: files + 1, bytes: bytes + identity.size };
  }

  fills({ maxFiles, maxBytes }: BatchingPolicy): boolean {
    return this.value.files >= maxFiles || this.value.bytes >= maxBytes;
  }
}

/**
 * Files that are moved or deleted when they are loaded have to come from the target's own prefixes: what somebody keeps
 * elsewhere must not vanish from there, and what was moved is found again only by the prefix that it came from.
 */
function checkReach({ name, after, from }: TargetDefinition, prefix: string): void {
  parseUrl(prefix);
  const isOwn = from.some((own) => prefix.startsWith(own));
  if (isOwn || after.kind === 'keep' || after.kind === 'tag') return;
  throw new LoadError(
    'backfill-elsewhere',
    `${prefix} is not below a prefix of ${name}, whose loaded files are taken away ('after' is '${after.kind}')`,
    { hint: `name a prefix below ${from.join(' or ')}, or copy the files there` },
  );
}

/**
 * What the target's routes take; and elsewhere all but marks of folders and of writers, what is Millrace's own, and what
 * UNLOAD wrote.
 */
function isMeant(
  loader: Loader,
  object: ObjectInfo,
  { target, prefix, since, until }: BackfillRequest,
): boolean {
  const { bucket, key, lastModifiedAt } = object;
  if (since !== undefined && lastModifiedAt < since) return false;
  if (until !== undefined && lastModifiedAt >= until) return false;
  const url = urlOf(object);
  if (definitionOf(loader, target).from.some((own) => url.startsWith(own)))
    return loader.routesOf(object).includes(target);
  const { control } = loader.settings;
  if (key.endsWith('/') || key.startsWith(UNLOAD_PREFIX)) return false;
  if (bucket === control.bucket && key.startsWith(control.key)) return false;
  const names = url.slice(prefix.length).split('/');
  return !names.some((name) => name.startsWith('_') || name.startsWith('.'));
}
