import type { LoadFile } from '../file/load-file.ts';
import type { Batch } from '../lane/batching.ts';
import type { Replacement } from '../load/replacement.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { confirmFiles } from './confirm-files.ts';
import type { Loader } from './loader.ts';
import { planReplacement } from './plan-replacement.ts';
import { readReceipts } from './read-receipts.ts';

/** What a job is made of. */
export interface ChosenFiles {
  readonly files: readonly LoadFile[];
  readonly replaces?: Replacement;
  /** Nothing of the batch is left for another job. */
  readonly takesBatch: boolean;
}

/**
 * The files of a batch that go into one job. Where a rewritten key replaces what was loaded of it, that is a job of its own:
 * it needs files that do not wait, and what is wrong with it must not hold others back. The oldest file decides which of the
 * two kinds of job comes first, so that neither waits for ever.
 *
 * @returns undefined when the line has changed by what was found: the lane is looked at again then.
 */
export async function chooseFiles(
  loader: Loader,
  { definition, batch }: { definition: TargetDefinition; batch: Batch },
): Promise<ChosenFiles | undefined> {
  const files = batch.files.map(({ file }) => file);
  if (definition.rule.onRewrite !== 'replace') return { files, takesBatch: true };
  const { loadedIds, loadedKeys } = await readReceipts(loader, definition.name, files);
  const isRewritten = ({ id, keyId }: LoadFile): boolean => loadedKeys.has(keyId) && !loadedIds.has(id);
  const [oldest] = files;
  if (oldest === undefined || !isRewritten(oldest)) {
    const plain = files.filter((file) => !isRewritten(file));
    return { files: plain, takesBatch: plain.length === files.length };
  }
  // An announcement that came late is no rewrite: the store says which version it is about.
  if ((await confirmFiles(loader, { definition, files: [oldest] })) === undefined) return undefined;
  const planned = await planReplacement(loader, { definition, file: oldest });
  if (planned === undefined) return undefined;
  const taken = new Set(planned.files.map(({ id }) => id));
  return { ...planned, takesBatch: files.every(({ id }) => taken.has(id)) };
}
