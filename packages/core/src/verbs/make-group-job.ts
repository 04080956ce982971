import type { TrackedFile } from '../file/load-file.ts';
import type { JobRef, Lane } from '../lane/lane.ts';
import { buildGroupJob, type GroupPartInput, writeGroupJob } from '../load/build-group-job.ts';
import type { JobDocument, JobFile } from '../load/job-document.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { ulid } from '../load/ulid.ts';
import { LoadError } from '../recover/load-error.ts';
import { confirmFiles } from './confirm-files.ts';
import { fitFiles } from './fit-files.ts';
import { type GroupMembers, keepWholeLots } from './group-line.ts';
import type { Loader } from './loader.ts';
import { settleFailure } from './settle-failure.ts';
import type { SettleOutcome } from './settle-outcome.ts';

export type MadeGroupJob =
  | {
      readonly kind: 'made';
      readonly job: JobRef;
      readonly document: JobDocument;
      readonly takesBatch: boolean;
    }
  /** The line has changed by what was found. */
  | { readonly kind: 'look-again' }
  /** What waits is parts of seals whose rest is not announced yet. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'failed'; readonly outcome: SettleOutcome };

/** Plans one transaction for all targets of a group that have files in the batch, and writes it down. */
export async function makeGroupJob(
  loader: Loader,
  { lane, members, files }: { lane: Lane; members: GroupMembers; files: readonly TrackedFile[] },
): Promise<MadeGroupJob> {
  // Where a unit is tried in parts, nobody waits for the rest of it.
  const whole = lane.suspects === null ? await keepWholeLots(loader, { members, files }) : files;
  if (whole.length === 0) return { kind: 'incomplete' };
  const taken: { definition: TargetDefinition; files: readonly JobFile[] }[] = [];
  for (const [target, definition] of members) {
    const own = whole.filter((one) => one.target === target).map(({ file }) => file);
    if (own.length === 0) continue;
    const ready = await confirmFiles(loader, { definition, files: own });
    if (ready === undefined) return { kind: 'look-again' };
    taken.push({ definition, files: ready });
  }
  const { settings, warehouse } = loader;
  const now = loader.now();
  try {
    const parts: GroupPartInput[] = [];
    for (const part of taken) {
      const fitted = await fitFiles(loader, part);
      if (fitted === undefined) return { kind: 'look-again' };
      const { files: ready, copy, columns: fileColumns, tableColumns } = fitted;
      parts.push({ definition: part.definition, files: ready, copy, fileColumns, tableColumns });
    }
    const attempt = { jobId: ulid(now, loader.random()), attempt: 1, fence: lane.fence + 1 };
    const input = { ...settings, lane: lane.target, parts, attempt, dialect: warehouse.dialect, now };
    const built = buildGroupJob(input);
    const job = await writeGroupJob(loader.objects, built);
    const takesBatch = built.document.files.length === files.length;
    return { kind: 'made', job, document: built.document, takesBatch };
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const parts = taken.map(({ definition, files: own }) => ({
      target: definition.name,
      files: own.map(({ file }) => file),
    }));
    const failed = {
      lane,
      job: null,
      statement: null,
      error,
      parts,
      files: parts.flatMap((one) => one.files),
    };
    return { kind: 'failed', outcome: await settleFailure(loader, failed) };
  }
}
