import type { LoadFile } from '../file/load-file.ts';
import type { PartitionJob } from '../load/partition.ts';
import { judgeDataError } from '../recover/verdict.ts';
import type { FailedJob } from './failed-job.ts';
import type { Loader } from './loader.ts';
import { heldEvidence } from './plan-partition.ts';
import { setAside } from './set-aside.ts';

type FailedPartition = FailedJob & { readonly partition: PartitionJob };

/**
 * A partition was refused for its data: what was loaded of it stays. The files that were named are put aside, and the others
 * wait for them. When none was named all wait until the partition has changed: it is not searched by halves, for it is
 * loaded as a whole or not at all. Other partitions go on.
 */
export async function judgePartitionData(loader: Loader, failed: FailedPartition): Promise<void> {
  const { lane, job, statement, error, files, survivors = [], partition } = failed;
  const at = loader.now();
  const jobId = job?.id ?? '';
  const copyErrors = statement === null ? [] : await loader.warehouse.copyErrors(statement);
  // A folder's name is no file's fault: `dt=unknown/` before a DATE.
  const cell = partition.rows.find(({ value }) => error.message.includes(`"${value}"`));
  if (copyErrors.length === 0 && cell !== undefined) {
    const reason = `its name gives ${cell.column} = '${cell.value}': ${error.message}`;
    const hint = 'write the files below a prefix whose name fits the column, and delete these';
    return noteHeld(loader, failed, { files, reason, hint });
  }
  const verdict = judgeDataError(error, {
    files: [...files, ...survivors],
    loadUrlOf: failed.loadUrlOf ?? (({ url }) => url),
    copyErrors,
    jobId,
    at,
  });
  const survivorIds = new Set(partition.survivorIds);
  const named = verdict.kind === 'named' ? verdict.bad : [];
  // One that is loaded stays loaded: it is the table that does not take it any more.
  const own = named.filter(({ file }) => !survivorIds.has(file.id));
  await setAside(
    loader,
    lane.target,
    own.map((one) => ({ ...one, status: 'quarantined' })),
  );
  const [first] = named;
  const blamed =
    first === undefined
      ? `${error.message}; the warehouse did not say which of its ${files.length + survivors.length} files is to blame`
      : `${first.file.url}: ${first.evidence.reason}`;
  await noteHeld(loader, failed, { files: without(files, own), reason: blamed });
}

/** The warehouse does not let the partition in, whatever its files are. */
export async function judgePartitionGuard(loader: Loader, failed: FailedPartition): Promise<boolean> {
  if (failed.error.code !== 'guard-partition-shared') return false;
  await noteHeld(loader, failed, { files: failed.files, reason: failed.error.sentence });
  return true;
}

async function noteHeld(
  loader: Loader,
  { lane, job, partition, error }: FailedPartition,
  { files, reason, hint: ownHint }: { files: readonly LoadFile[]; reason: string; hint?: string },
): Promise<void> {
  if (files.length === 0) return;
  const hint =
    ownHint ?? error.hint ?? 'mend that file, delete it, or redrive it: the partition follows by itself';
  const ids = files.map(({ id }) => id);
  const evidence = heldEvidence(partition, { reason, hint, at: loader.now() });
  await loader.tracker.noteFailure(
    lane.target,
    ids,
    job === null ? evidence : { ...evidence, jobId: job.id },
  );
}

function without(files: readonly LoadFile[], bad: readonly { file: LoadFile }[]): readonly LoadFile[] {
  const ids = new Set(bad.map(({ file }) => file.id));
  return files.filter(({ id }) => !ids.has(id));
}
