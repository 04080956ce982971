import type { TrackedFile } from '../file/load-file.ts';
import { cutToSuspects, groupUnits, planGroupBatch } from '../lane/group-batch.ts';
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
      /** Nothing of what was read of the line is left. */
      readonly takesAll: boolean;
    }
  /** The line has changed by what was found. */
  | { readonly kind: 'look-again' }
  /** What waits is parts of seals whose rest is not announced yet. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'failed'; readonly outcome: SettleOutcome };

/** Seals that turn out not to be announced in full are left out, and others looked for behind them; so many times. */
const MAX_PICKS = 10;

async function takeWholeUnits(
  loader: Loader,
  { lane, members, loadable }: { lane: Lane; members: GroupMembers; loadable: readonly TrackedFile[] },
): Promise<readonly TrackedFile[]> {
  let units = groupUnits(loadable);
  for (let pick = 0; pick < MAX_PICKS && units.length > 0; pick += 1) {
    const { batch } = planGroupBatch(units, { targets: members, lane, now: loader.now() });
    const { whole, incomplete } = await keepWholeLots(loader, { members, files: batch.files });
    if (whole.length > 0) return cutToSuspects(whole, lane);
    units = units.filter(({ lot }) => lot === null || !incomplete.has(lot));
  }
  return [];
}

/** Plans one transaction for all targets of a group that have files in the batch, and writes it down. */
export async function makeGroupJob(
  loader: Loader,
  { lane, members, loadable }: { lane: Lane; members: GroupMembers; loadable: readonly TrackedFile[] },
): Promise<MadeGroupJob> {
  const whole = await takeWholeUnits(loader, { lane, members, loadable });
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
    const takesAll = built.document.files.length === loadable.length;
    return { kind: 'made', job, document: built.document, takesAll };
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
