import type { FileSelection } from '../ports/operations.ts';
import type { Loader } from '../verbs/loader.ts';
import { selectTroubled } from './select-troubled.ts';

/** Quarantined files wait again, and their lanes look at once. @returns the targets that were touched. */
export async function redriveFiles(
  loader: Loader,
  selection: FileSelection,
): Promise<{ redriven: number; targets: readonly string[] }> {
  const idsOf = new Map<string, string[]>();
  for (const { target, file, status } of await selectTroubled(loader, selection)) {
    if (status !== 'quarantined') continue;
    const ids = idsOf.get(target) ?? [];
    ids.push(file.id);
    idsOf.set(target, ids);
  }
  let redriven = 0;
  for (const [target, ids] of idsOf) {
    redriven += await loader.tracker.redrive(target, ids, loader.now());
    await loader.tracker.addArrivals(target, ids.length);
    await loader.wakes.wake(target, loader.now());
  }
  return { redriven, targets: [...idsOf.keys()] };
}
