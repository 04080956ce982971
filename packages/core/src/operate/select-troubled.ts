import type { TrackedFile } from '../file/load-file.ts';
import type { FileSelection } from '../ports/operations.ts';
import { definitionOf, type Loader } from '../verbs/loader.ts';

/** Files that one list of failures, or one redrive, looks at: more would hide what matters. */
const MAX_TROUBLED = 100_000;

/** The files with evidence, of a selection. @throws LoadError `target-unknown` */
export async function selectTroubled(
  loader: Loader,
  { target, prefix }: FileSelection,
): Promise<readonly TrackedFile[]> {
  if (target !== undefined) definitionOf(loader, target);
  const troubled = await loader.tracker.troubledFiles({
    limit: MAX_TROUBLED,
    ...(target === undefined ? {} : { target }),
  });
  return prefix === undefined ? troubled : troubled.filter(({ file }) => file.url.startsWith(prefix));
}
