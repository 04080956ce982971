import type { WaitingPage } from '../../ports/control-room.ts';
import { LoadError } from '../../recover/load-error.ts';
import type { Loader } from '../../verbs/loader.ts';

const MAX_PAGE = 500;

/**
 * One page of a target's line. Also of a target that has left the configuration.
 *
 * @throws LoadError `invalid-cursor`
 */
export async function pageWaiting(
  loader: Loader,
  target: string,
  { cursor, limit }: { readonly cursor: string | null; readonly limit: number },
): Promise<WaitingPage> {
  const size = Math.min(Math.max(1, limit), MAX_PAGE);
  const page = await loader.tracker
    .unfinishedFiles(target, { from: cursor, limit: size })
    .catch((cause: unknown) => {
      // Cursors are the tracker's own: what it cannot read was not made by it.
      if (cursor === null || cause instanceof LoadError) throw cause;
      throw new LoadError('invalid-cursor', `'${cursor.slice(0, 60)}' is not where a page of files ends`, {
        class: 'usage',
        hint: 'begin again without a cursor',
        cause,
      });
    });
  const waiting = page.files.filter(({ status }) => status === 'waiting');
  return {
    files: waiting.map(({ file, evidence }) => ({
      url: file.url,
      size: file.identity.size,
      arrivedAt: new Date(file.arrivedAt).toISOString(),
      error: evidence?.reason ?? null,
    })),
    // Quarantined files are behind those that wait: a page without any is behind the end of the line.
    next: waiting.length === 0 ? null : page.next,
  };
}
