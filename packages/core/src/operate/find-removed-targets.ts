import { LoadError } from '../recover/load-error.ts';
import type { Loader } from '../verbs/loader.ts';

/** Lanes with waiting files whose target is not configured any more: nothing loads them, and nothing else would say so. */
export async function findRemovedTargets(loader: Loader): Promise<ReadonlyMap<string, LoadError>> {
  const removed = new Map<string, LoadError>();
  for (const { target } of await loader.tracker.lanes()) {
    if (loader.targets.has(target)) continue;
    const { waiting } = await loader.tracker.counts(target);
    if (waiting === 0) continue;
    const message = `${target} has ${waiting} waiting files and is not a target of the configuration`;
    removed.set(
      target,
      new LoadError('target-removed', message, {
        hint: 'configure it again, or repeat the bulk load that brought them',
      }),
    );
  }
  return removed;
}
