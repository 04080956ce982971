import { parseUrl } from '../file/identity.ts';
import type { LoadFile } from '../file/load-file.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import { fileOf, takePage } from './list-files.ts';
import type { Loader } from './loader.ts';

export interface ListSomeOptions {
  /** `s3://bucket/prefix` of the target's `from`. */
  readonly prefix: string;
  /** Where the last run stopped: the key that it looked at last; null: at the beginning. */
  readonly position: string | null;
  /** Files that are let into the lane at most. */
  readonly maxFiles: number;
  /** Objects that are looked up at most: each costs a question to the tracker, and new ones one to the receipts. */
  readonly maxLooked: number;
  /** Objects that are counted at most. */
  readonly maxListed: number;
}

export interface ListSomeReport {
  readonly listed: number;
  readonly added: number;
  /** Known to be loaded: they stay because they are kept, or their done action broke off and is done now. */
  readonly loaded: number;
  /** False when `maxListed` was reached: `listed` is a lower bound then. */
  readonly isWhole: boolean;
  /** Where the next run goes on. */
  readonly position: string | null;
}

/** Files looked up at once. */
const PAGE = 1_000;

/**
 * Lists one prefix of a target and lets at most `maxFiles` of its files into the lane: for object stores that are used as
 * a queue, whose producers are not to overrun the warehouse. Goes on where the last run stopped and comes round to the
 * beginning, so that objects that stay cannot hide newer ones. Repeated, or with an older position, it does no harm.
 */
export async function listSome(
  loader: Loader,
  target: string,
  options: ListSomeOptions,
): Promise<ListSomeReport> {
  const { maxFiles, maxLooked, maxListed } = options;
  const report = { listed: 0, added: 0, loaded: 0, isWhole: true, position: options.position };
  let looked = 0;
  let isTaking = true;
  let page: LoadFile[] = [];
  const flush = async (): Promise<void> => {
    const last = page.at(-1);
    if (last === undefined) return;
    const taken = await takePage(loader, target, page, { maxAdded: maxFiles - report.added });
    report.added += taken.added;
    report.loaded += taken.loaded;
    const { firstLeft } = taken;
    const stop = firstLeft === undefined ? last : page[page.indexOf(firstLeft) - 1];
    report.position = stop?.identity.key ?? report.position;
    isTaking = firstLeft === undefined && looked < maxLooked;
    page = [];
  };
  for await (const object of circle(loader, options)) {
    if (report.listed >= maxListed) {
      report.isWhole = false;
      break;
    }
    if (!loader.routesOf(object).includes(target)) continue;
    report.listed += 1;
    if (!isTaking) continue;
    page.push(fileOf(object, loader.now()));
    looked += 1;
    if (page.length >= PAGE || looked >= maxLooked) await flush();
  }
  if (isTaking) await flush();
  // All of it was looked at: the next run begins at the beginning, where keys that sort early are not seen last.
  return isTaking && report.isWhole ? { ...report, position: null } : report;
}

/** Every object of the prefix once: from the position on, then from the beginning up to it. */
async function* circle(
  { objects }: Loader,
  { prefix, position }: ListSomeOptions,
): AsyncGenerator<ObjectInfo> {
  const { bucket, key } = parseUrl(prefix);
  if (position !== null) yield* objects.list({ bucket, prefix: key, startAfter: position });
  for await (const object of objects.list({ bucket, prefix: key })) {
    // Keys come in the order of their UTF-8 bytes, which is not that of JavaScript's comparison.
    if (position !== null && Buffer.compare(Buffer.from(object.key), Buffer.from(position)) > 0) return;
    yield object;
  }
}
