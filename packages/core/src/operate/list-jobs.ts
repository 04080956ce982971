import { laneOfTarget } from '../load/load-group.ts';
import type { JobEntry, JobListRequest, JobStory } from '../ports/inspection.ts';
import type { JobRecord } from '../ports/tracker.ts';
import { LoadError } from '../recover/load-error.ts';
import { definitionOf, type Loader } from '../verbs/loader.ts';
import { findJob } from './trace/trace-job.ts';

const MAX_LISTED = 1_000;

/** The load jobs of a target, or of all, newest first: as many as the trackers still know. Of a target in a group, its group's. */
export async function listJobs(
  loader: Loader,
  { target, limit }: JobListRequest,
): Promise<readonly JobEntry[]> {
  if (target !== undefined && (await loader.tracker.lane(target)).version === 0) definitionOf(loader, target);
  const wanted = Math.max(1, Math.min(limit, MAX_LISTED));
  const records: JobRecord[] = [];
  // A group's jobs are in the lane of its first target; those of before it was in the group are the target's own.
  const lanes =
    target === undefined
      ? await targetsOf(loader)
      : [...new Set([laneOfTarget(loader.targets, target), target])];
  for (const one of lanes) records.push(...(await loader.tracker.jobs(one, wanted)));
  return records
    .sort((a, b) => b.submittedAt - a.submittedAt || (a.id < b.id ? 1 : -1))
    .slice(0, wanted)
    .map((record) => toEntry(record, loader.now()));
}

/**
 * One job, with the SQL that was sent and the files that it took.
 *
 * @throws LoadError `job-unknown` when no target's lane has it in hand and none of their last thousand jobs is it
 */
export async function readJob(loader: Loader, id: string): Promise<JobStory> {
  for (const target of await targetsOf(loader)) {
    const lane = await loader.tracker.lane(target);
    const { state } = lane;
    const records = await loader.tracker.jobs(target, MAX_LISTED);
    const record = records.find((one) => one.id === id);
    const inHand =
      (state.kind === 'running' || state.kind === 'submitting') && state.job.id === id
        ? state.job
        : undefined;
    const attempt = inHand?.attempt ?? record?.attempt;
    if (attempt === undefined) continue;
    const { job, files } = await findJob(loader, { target, name: { jobId: id, attempt }, lane, records });
    return { ...job, target, urls: files?.map(({ url }) => url) ?? null };
  }
  throw new LoadError('job-unknown', `no target has a job '${id}' among its last ${MAX_LISTED}`, {
    hint: '`millrace jobs` lists those that are remembered',
  });
}

/** Those of the configuration, and those that have left it and have a lane. */
async function targetsOf(loader: Loader): Promise<readonly string[]> {
  const lanes = await loader.tracker.lanes();
  return [...new Set([...loader.targets.keys(), ...lanes.map(({ target }) => target)])];
}

function toEntry(record: JobRecord, now: number): JobEntry {
  const { state, submittedAt, settledAt, ...rest } = record;
  return {
    ...rest,
    state: state === 'submitted' ? 'running' : state,
    submittedAt: new Date(submittedAt).toISOString(),
    settledAt: settledAt === null ? null : new Date(settledAt).toISOString(),
    durationMs: Math.max(0, (settledAt ?? now) - submittedAt),
  };
}
