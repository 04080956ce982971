import { parseUrl } from '../file/identity.ts';
import { loadFileOf } from '../file/load-file.ts';
import type { HandedFile } from '../ports/operations.ts';
import type { Loader } from '../verbs/loader.ts';
import { readReceipts } from '../verbs/read-receipts.ts';

/**
 * Where files of a target stand now. A tracker may forget what is loaded: then the receipts tell.
 *
 * @param files at most a few thousand of them: one question each to tracker and warehouse.
 */
export async function handedFiles(
  loader: Loader,
  target: string,
  files: readonly Pick<HandedFile, 'id' | 'url'>[],
): Promise<readonly HandedFile[]> {
  const known = await loader.tracker.filesById(
    target,
    files.map(({ id }) => id),
  );
  const statusOf = new Map(known.map(({ file, status }) => [file.id, status]));
  const forgotten = files.filter(({ id }) => !statusOf.has(id));
  if (forgotten.length > 0) {
    const places = forgotten.map(({ url }) => loadFileOf({ ...parseUrl(url), etag: '', size: 0 }, 0));
    const { loadedIds } = await readReceipts(loader, target, places);
    for (const { id } of forgotten) statusOf.set(id, loadedIds.has(id) ? 'loaded' : 'waiting');
  }
  return files.map(({ id, url }) => ({ target, id, url, status: statusOf.get(id) ?? 'waiting' }));
}
