import { laneOfTarget } from '../load/load-group.ts';
import type { FileSelection } from '../ports/failures.ts';
import type { RedriveReport } from '../ports/operations.ts';
import { definitionOf, type Loader } from '../verbs/loader.ts';
import { selectTroubled } from './select-troubled.ts';

/**
 * Quarantined files wait again, and their lanes look at once. Those of targets that are not configured stay quarantined:
 * nothing would load them, and waiting they would be in the way of whoever looks for what is stuck.
 *
 * @returns also the targets that were touched.
 * @throws LoadError `target-unknown` when the selection names a target that is not configured
 */
export async function redriveFiles(
  loader: Loader,
  selection: FileSelection,
): Promise<RedriveReport & { targets: readonly string[] }> {
  if (selection.target !== undefined) definitionOf(loader, selection.target);
  const troubled = await selectTroubled(loader, selection);
  const quarantined = troubled.filter(({ status }) => status === 'quarantined');
  const leftOut: { target: string; files: number }[] = [];
  const targets: string[] = [];
  let redriven = 0;
  for (const [target, files] of Map.groupBy(quarantined, (one) => one.target)) {
    if (!loader.targets.has(target)) {
      leftOut.push({ target, files: files.length });
      continue;
    }
    const ids = files.map(({ file }) => file.id);
    redriven += await loader.tracker.redrive(target, ids, loader.now());
    const lane = laneOfTarget(loader.targets, target);
    await loader.tracker.addArrivals(lane, ids.length);
    await loader.wakes.wake(lane, loader.now());
    targets.push(target);
  }
  return { redriven, targets, ...(leftOut.length === 0 ? {} : { leftOut }) };
}
