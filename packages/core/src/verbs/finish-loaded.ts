import type { LoadFile } from '../file/load-file.ts';
import { runDoneAction } from '../load/done-action.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { Loader } from './loader.ts';

/** What `tag` puts on a loaded object: a tag per target, for several may take it. */
const LOADED_TAG = 'millrace:';

/**
 * Files are proven to be loaded: their waiting items end, then the done action runs. In this order, so that a crash
 * in between leaves an item less, never a moved file that still waits.
 */
export async function finishLoaded(
  loader: Loader,
  definition: TargetDefinition,
  files: readonly LoadFile[],
): Promise<void> {
  if (files.length === 0) return;
  await loader.tracker.markLoaded(definition.name, files);
  if (definition.after.kind === 'keep') return;
  for (const file of files) {
    await runDoneAction(loader.objects, {
      file,
      definition,
      tag: { [`${LOADED_TAG}${definition.name}`]: 'loaded' },
    });
  }
}
