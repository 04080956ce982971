import type { FailureEntry, FileSelection } from '../ports/operations.ts';
import type { Loader } from '../verbs/loader.ts';
import { selectTroubled } from './select-troubled.ts';

/** What failed and why: quarantined files, and waiting ones with the last error that they were part of. */
export async function listFailures(
  loader: Loader,
  selection: FileSelection,
): Promise<readonly FailureEntry[]> {
  const troubled = await selectTroubled(loader, selection);
  return troubled.flatMap(({ target, file, status, evidence }): FailureEntry[] => {
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
  });
}
