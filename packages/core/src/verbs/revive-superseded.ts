import type { LoadFile } from '../file/load-file.ts';
import type { Loader } from './loader.ts';

/**
 * A superseded version that is announced or listed again waits again: its bytes may have been put back (a, b, a), and
 * then it is the newer version that will never be loaded. When the announcement was only late, the look before the
 * next job finds the key to hold other bytes, and supersedes the file once more.
 *
 * @returns how many wait again.
 */
export async function reviveSuperseded(
  loader: Loader,
  target: string,
  repeated: readonly LoadFile[],
): Promise<number> {
  if (repeated.length === 0) return 0;
  const ids = repeated.map(({ id }) => id);
  const known = await loader.tracker.filesById(target, ids);
  const superseded = known.filter(({ status }) => status === 'superseded').map(({ file }) => file);
  if (superseded.length === 0) return 0;
  const at = loader.now();
  // By way of quarantine, from which files come back: dying between the two writes leaves them visible there.
  await loader.tracker.putAside(
    target,
    superseded.map((file) => ({ file, status: 'quarantined', evidence: returnedEvidence(file.url, at) })),
  );
  return loader.tracker.redrive(
    target,
    superseded.map(({ id }) => id),
    at,
  );
}

function returnedEvidence(
  url: string,
  at: number,
): { code: string; reason: string; hint: string; at: number } {
  return {
    code: 'returned',
    reason: `this version of ${url} was superseded and was announced again`,
    hint: 'it waits again by itself; redrive it when it does not',
    at,
  };
}
