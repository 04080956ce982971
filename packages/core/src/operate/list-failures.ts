import type { TrackedFile } from '../file/load-file.ts';
import type { FailureEntry, FileSelection } from '../ports/failures.ts';
import { definitionOf, type Loader } from '../verbs/loader.ts';
import { selectTroubled } from './select-troubled.ts';

/**
 * What failed and why: quarantined files, and waiting ones with the last error that they were part of. A target that has
 * left the configuration is listed as long as the tracker has its lane.
 *
 * @throws LoadError `target-unknown`
 */
export async function listFailures(
  loader: Loader,
  selection: FileSelection,
): Promise<readonly FailureEntry[]> {
  if (selection.target !== undefined) await checkKnown(loader, selection.target);
  const troubled = await selectTroubled(loader, selection);
  return troubled.flatMap(toFailureEntry);
}

/** A file with evidence as people see it: none for one that is neither quarantined nor waiting. */
export function toFailureEntry({ target, file, status, evidence }: TrackedFile): readonly FailureEntry[] {
  if (evidence === undefined || (status !== 'quarantined' && status !== 'waiting')) return [];
  return [
    {
      target,
      url: file.url,
      state: status,
      error: evidence.reason,
      code: evidence.code,
      line: evidence.line ?? null,
      column: evidence.column ?? null,
      rawValue: evidence.rawValue ?? null,
      hint: evidence.hint ?? null,
      at: new Date(evidence.at).toISOString(),
    },
  ];
}

async function checkKnown(loader: Loader, target: string): Promise<void> {
  const lanes = await loader.tracker.lanes();
  if (!lanes.some((lane) => lane.target === target)) definitionOf(loader, target);
}
