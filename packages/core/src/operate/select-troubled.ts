import type { TrackedFile } from '../file/load-file.ts';
import type { FileSelection } from '../ports/failures.ts';
import type { Loader } from '../verbs/loader.ts';

/** Files that one list of failures, or one redrive, looks at: more would hide what matters. */
const MAX_TROUBLED = 100_000;

/** The files with evidence, of a selection; also those of targets that are not configured. */
export async function selectTroubled(
  loader: Loader,
  selection: FileSelection,
): Promise<readonly TrackedFile[]> {
  const { target } = selection;
  const troubled = await loader.tracker.troubledFiles({
    limit: MAX_TROUBLED,
    ...(target === undefined ? {} : { target }),
  });
  return troubled.filter(isMeantBy(selection));
}

function isMeantBy({ prefix, urls, since, until }: FileSelection): (troubled: TrackedFile) => boolean {
  const named = urls === undefined ? undefined : new Set(urls);
  return ({ file: { url }, evidence }) => {
    const at = evidence?.at ?? 0;
    return (
      (prefix === undefined || url.startsWith(prefix)) &&
      (named === undefined || named.has(url)) &&
      (since === undefined || at >= since) &&
      (until === undefined || at < until)
    );
  };
}
