import type { Evidence, LoadFile } from '../file/load-file.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Loader } from './loader.ts';
import { readHorizon } from './read-horizon.ts';
import { setAside } from './set-aside.ts';

/**
 * The guard refused a job because one of its files was written before the horizon: whether it was loaded nobody can tell
 * any more. Such files are quarantined; those that have a receipt are not among `files`.
 *
 * @returns how many there were.
 */
export async function refuseBeforeHorizon(
  loader: Loader,
  target: string,
  files: readonly LoadFile[],
): Promise<number> {
  const horizonAt = await readHorizon(loader, target);
  if (horizonAt === null) return 0;
  const late = files.filter(({ writtenAt }) => writtenAt !== undefined && writtenAt < horizonAt);
  const at = loader.now();
  await setAside(
    loader,
    target,
    late.map((file) => ({ file, status: 'quarantined', evidence: evidenceOf(file, { horizonAt, at }) })),
  );
  return late.length;
}

function evidenceOf(
  { writtenAt = 0 }: LoadFile,
  { horizonAt, at }: { horizonAt: EpochMs; at: EpochMs },
): Evidence {
  const [written, horizon] = [writtenAt, horizonAt].map((one) => new Date(one).toISOString());
  return {
    code: 'before-horizon',
    reason: `it was written at ${written}, and receipts of files before ${horizon} were pruned: it may be loaded already`,
    hint: 'look for its rows in the table; if they are not there, write the object anew, which gives it a new time, and redrive it',
    at,
  };
}
