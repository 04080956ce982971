import type { TrackedFile } from '../../file/load-file.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { ReconcileEntry } from '../../ports/operations.ts';
import { admit } from '../../verbs/intake.ts';
import { fileOf } from '../../verbs/list-files.ts';
import type { Loader } from '../../verbs/loader.ts';
import { entryOf, repaired } from './findings.ts';
import { isLost, type JudgedFile, judgeFiles } from './judge-files.ts';
import { lookAtObjects } from './object-looks.ts';

/**
 * Those of some listed objects without a receipt that nobody will load, at most a few thousand. Between the listing and
 * now they may have been loaded, rewritten or moved away: everything is asked once more, the store last.
 */
export async function findMissing(
  loader: Loader,
  target: string,
  { suspects, repair }: { suspects: readonly ObjectInfo[]; repair: boolean },
): Promise<ReconcileEntry[]> {
  if (suspects.length === 0) return [];
  const now = loader.now();
  const judged = await judgeFiles(
    loader,
    target,
    suspects.map((object) => fileOf(object, now)),
  );
  const lost = judged.filter(isLost);
  const looks = await lookAtObjects(
    loader.objects,
    lost.map(({ file }) => file),
  );
  const missing = lost.filter(({ file }) => looks.get(file.id) === 'same');
  const entries = missing.map(({ file, known }) => entryOf(target, file.url, whyMissing(known)));
  if (!repair || missing.length === 0) return entries;
  await takeUp(loader, target, missing);
  return entries.map(repaired);
}

/** Lets files wait that nobody would load, whatever the tracker believes of them. */
export async function takeUp(loader: Loader, target: string, lost: readonly JudgedFile[]): Promise<void> {
  const believed = lost.filter(({ known }) => known?.status === 'loaded').map(({ file }) => file.id);
  await loader.tracker.forgetLoaded(target, believed);
  await admit(
    loader,
    target,
    lost.map(({ file }) => file),
  );
}

function whyMissing(known: TrackedFile | undefined): string {
  switch (known?.status) {
    case 'loaded':
      return 'the tracker has it as loaded, and it has no receipt: the warehouse is older than the tracker';
    case 'superseded':
      return 'it was superseded, and is the present version of its key';
    default:
      return 'it is in the object store, has no receipt, and the tracker does not know it';
  }
}
