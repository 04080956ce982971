import type { LoadFile } from '../file/load-file.ts';
import type { Lane } from '../lane/lane.ts';
import { runDoneAction } from '../load/done-action.ts';
import { dropPins } from './drop-pins.ts';
import type { Loader } from './loader.ts';
import { supersedeQuarantined } from './supersede-quarantined.ts';

/** What `tag` puts on a loaded object: a tag per target, for several may take it. */
const LOADED_TAG = 'millrace:';

/**
 * Files are proven to be loaded: their waiting items end, then the done action runs. In this order, so that a crash
 * in between leaves an item less, never a moved file that still waits.
 *
 * The objects of a target that is not configured any more are left alone.
 *
 * @param options `lane`: the files are those of its job in hand.
 */
export async function finishLoaded(
  loader: Loader,
  target: string,
  files: readonly LoadFile[],
  options: { lane?: Lane } = {},
): Promise<void> {
  if (files.length === 0) return;
  await loader.tracker.markLoaded(target, files, options);
  await supersedeQuarantined(loader, target, { loaded: files, ...options });
  await dropPins(loader, target, files);
  const definition = loader.targets.get(target);
  if (definition === undefined || definition.after.kind === 'keep') return;
  for (const file of files) {
    await runDoneAction(loader.objects, {
      file,
      definition,
      tag: { [`${LOADED_TAG}${target}`]: 'loaded' },
    });
  }
}
