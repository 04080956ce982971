import type { LoadFile, TrackedFile } from '../../file/load-file.ts';
import type { Loader } from '../../verbs/loader.ts';
import { findProven } from './receipt-places.ts';

/** What tracker and receipts say of a file. */
export interface JudgedFile {
  readonly file: LoadFile;
  readonly known: TrackedFile | undefined;
  readonly isProven: boolean;
}

/**
 * Asks tracker and receipts about files, in this order: a job's receipts are there before its items leave the tracker, so
 * a file that is being loaded meanwhile is found in one of the two.
 */
export async function judgeFiles(
  loader: Loader,
  target: string,
  files: readonly LoadFile[],
): Promise<readonly JudgedFile[]> {
  const tracked = await loader.tracker.filesById(
    target,
    files.map(({ id }) => id),
  );
  const knownById = new Map(tracked.map((known) => [known.file.id, known]));
  const proven = await findProven(loader, target, files);
  return files.map((file) => ({ file, known: knownById.get(file.id), isProven: proven.has(file.id) }));
}

/** Whether nobody will load a file any more: it has no receipt, and neither waits nor is quarantined. */
export function isLost({ known, isProven }: JudgedFile): boolean {
  return !isProven && known?.status !== 'waiting' && known?.status !== 'quarantined';
}
