import { parseUrl } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import { finishLoaded } from './finish-loaded.ts';
import { admit } from './intake.ts';
import { definitionOf, type Loader } from './loader.ts';
import { isPartitioned } from './next-partition.ts';
import { readReceipts } from './read-receipts.ts';

export interface ListReport {
  readonly listed: number;
  readonly added: number;
  /** Found without a trace in the tracker, with a receipt in the warehouse: a tracker that was lost knows them again. */
  readonly recovered: number;
}

/** Files handed on at once: bounds memory, whatever a prefix holds. */
const PAGE = 1_000;

/**
 * Lists the prefixes of every target: the truth behind notifications, which get lost. A file that the tracker does
 * not know is looked up in the receipts first, so that nothing is queued only to be refused by the guard.
 */
export async function listFiles(loader: Loader): Promise<ListReport> {
  const report = { listed: 0, added: 0, recovered: 0 };
  for (const [target, { from }] of loader.targets) {
    for (const prefix of from) {
      let page: LoadFile[] = [];
      const flush = async (): Promise<void> => {
        const { added, recovered } = await takePage(loader, target, page);
        report.added += added;
        report.recovered += recovered;
        page = [];
      };
      const { bucket, key } = parseUrl(prefix);
      for await (const object of loader.objects.list({ bucket, prefix: key })) {
        if (!loader.routesOf(object).includes(target)) continue;
        report.listed += 1;
        page.push(fileOf(object, loader.now()));
        if (page.length >= PAGE) await flush();
      }
      if (page.length > 0) await flush();
    }
  }
  return report;
}

/** A listed object as a load file. */
export function fileOf(object: ObjectInfo, now: number): LoadFile {
  return loadFileOf({ ...object, writtenAt: object.lastModifiedAt }, now);
}

/** What became of the files of one page. */
export interface PageReport {
  readonly added: number;
  readonly recovered: number;
  /** Known to be loaded, `recovered` ones among them. */
  readonly loaded: number;
  /** The first of those that `maxAdded` left where they are. */
  readonly firstLeft: LoadFile | undefined;
}

/**
 * What a replacement took out of the table while its object was gone, and a worker that had stood still took for loaded
 * afterwards: the receipts deny it, and the object is back.
 */
async function forgetReplaced(
  loader: Loader,
  target: string,
  files: readonly LoadFile[],
): Promise<readonly LoadFile[]> {
  if (files.length === 0) return [];
  const { loadedIds } = await readReceipts(loader, target, files);
  const lost = files.filter(({ id }) => !loadedIds.has(id));
  await loader.tracker.forgetLoaded(
    target,
    lost.map(({ id }) => id),
  );
  return lost;
}

/** Lets what is new of a page into the lane, at most `maxAdded` files, and finishes what is loaded. */
export async function takePage(
  loader: Loader,
  target: string,
  page: readonly LoadFile[],
  { maxAdded = Number.POSITIVE_INFINITY }: { maxAdded?: number } = {},
): Promise<PageReport> {
  const known = await loader.tracker.filesById(
    target,
    page.map(({ id }) => id),
  );
  const knownIds = new Set(known.map(({ file }) => file.id));
  const isNew = page.filter(({ id }) => !knownIds.has(id));
  // Loaded, and still where it was: the done action was not reached, or a retried one never came.
  const unfinished = known.filter(({ status }) => status === 'loaded').map(({ file }) => file);
  const definition = definitionOf(loader, target);
  const { after } = definition;
  if (unfinished.length > 0 && after.kind !== 'keep' && after.kind !== 'tag') {
    // The tracker's word alone takes nothing away: a warehouse from an older snapshot may lack these rows.
    const proven = await readReceipts(loader, target, unfinished);
    await finishLoaded(
      loader,
      target,
      unfinished.filter(({ id }) => proven.loadedIds.has(id)),
    );
  }
  const lost = isPartitioned(definition) ? await forgetReplaced(loader, target, unfinished) : [];
  // Listed, so this is the present version of its key, whatever took its place before.
  const superseded = known.filter(({ status }) => status === 'superseded').map(({ file }) => file);
  const revived = (await admit(loader, target, superseded)).waiting;
  const loadedBefore = unfinished.length - lost.length;
  const before = { added: revived, recovered: 0, loaded: loadedBefore, firstLeft: undefined };
  const fresh = [...isNew, ...lost];
  if (fresh.length === 0) return before;
  const { loadedIds } = await readReceipts(loader, target, fresh);
  const loaded = fresh.filter(({ id }) => loadedIds.has(id));
  await finishLoaded(loader, target, loaded);
  const waiting = fresh.filter(({ id }) => !loadedIds.has(id));
  const taken = waiting.slice(0, maxAdded);
  const added = (await admit(loader, target, taken)).waiting;
  return {
    added: added + revived,
    recovered: loaded.length,
    loaded: loadedBefore + loaded.length,
    firstLeft: waiting[taken.length],
  };
}
