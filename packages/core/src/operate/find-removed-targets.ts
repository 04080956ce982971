import type { Lane } from '../lane/lane.ts';
import type { FileCounts, TargetCounts } from '../ports/tracker.ts';
import { LoadError } from '../recover/load-error.ts';
import type { Loader } from '../verbs/loader.ts';

const HINT = 'write it there again, or repeat the bulk load that brought them';

/** Lanes with waiting files whose target is not configured any more: nothing loads them, and nothing else would say so. */
export async function findRemovedTargets(loader: Loader): Promise<ReadonlyMap<string, LoadError>> {
  const removed = new Map<string, LoadError>();
  for (const { lane, counts } of await findRemovedLanes(loader)) {
    if (counts.waiting > 0) removed.set(lane.target, removedError(counts));
  }
  return removed;
}

/** Lanes that have files which wait or are quarantined, and whose target is not configured. */
export async function findRemovedLanes(
  loader: Loader,
): Promise<readonly { lane: Lane; counts: TargetCounts }[]> {
  const removed = [];
  for (const lane of await loader.tracker.lanes()) {
    if (loader.targets.has(lane.target)) continue;
    const counts = await loader.tracker.counts(lane.target);
    if (counts.waiting + counts.quarantined > 0) removed.push({ lane, counts });
  }
  return removed;
}

/** Why nothing loads the files of a lane whose target is not configured. Whoever tells of it names the target. */
export function removedError({ waiting, quarantined }: FileCounts): LoadError {
  const files = [
    ...(waiting > 0 ? [waiting === 1 ? '1 file waits' : `${waiting} files wait`] : []),
    ...(quarantined > 0 ? [`${quarantined} ${quarantined === 1 ? 'is' : 'are'} quarantined`] : []),
  ].join(', ');
  return new LoadError('target-removed', `not a target of the configuration, and ${files}`, { hint: HINT });
}
