import { urlOf } from '../../file/identity.ts';
import type { LoadFile } from '../../file/load-file.ts';
import type { Lane } from '../../lane/lane.ts';
import { type JobDocument, placesOf, readText, statementNameOf } from '../../load/job-document.ts';
import { timeOfUlid } from '../../load/ulid.ts';
import type { TracedJob } from '../../ports/trace.ts';
import type { JobRecord } from '../../ports/tracker.ts';
import type { Loader } from '../../verbs/loader.ts';

/** A job by its name, as a receipt, a lane or evidence tells it. */
export interface JobName {
  readonly jobId: string;
  readonly attempt: number;
}

/** A job's story with the files that it took; `files` is null when its document is gone. */
export interface FoundJob {
  readonly job: TracedJob;
  readonly files: readonly LoadFile[] | null;
}

/**
 * Puts a job's story together from what is left of it: its document, its record, the lane that has it in hand. The document
 * of a job that is not told of by a lane is taken as it is: nothing is decided by it here.
 *
 * @param records of the target's jobs, as far back as they are looked at.
 */
export async function findJob(
  loader: Loader,
  {
    target,
    name,
    lane,
    records,
  }: { target: string; name: JobName; lane: Lane; records: readonly JobRecord[] },
): Promise<FoundJob> {
  const { document: at } = placesOf(loader.settings.control, target, { ...name, fence: 0 });
  const document = await readDocument(loader, at);
  const record = records.find(({ id }) => id === name.jobId);
  const { state } = lane;
  const inHand = (state.kind === 'running' || state.kind === 'submitting') && state.job.id === name.jobId;
  const told = inHand ? state.kind : record?.state;
  const statementName =
    document?.batch.name ?? statementNameOf(loader.settings.database, target, { ...name, fence: 0 });
  const job: TracedJob = {
    id: name.jobId,
    attempt: name.attempt,
    state: told === undefined ? 'lost' : told === 'submitted' ? 'running' : told,
    statementName,
    statementId: inHand && state.kind === 'running' ? state.statement.id : await idOf(loader, statementName),
    plannedAt: toText(document?.createdAt ?? timeOfUlid(name.jobId)),
    submittedAt: record === undefined ? null : toText(record.submittedAt),
    settledAt: record?.settledAt == null ? null : toText(record.settledAt),
    files: document?.files.length ?? record?.files ?? null,
    bytes: document?.bytes ?? record?.bytes ?? null,
    rows: record?.rows ?? null,
    error: record?.error ?? null,
    sql: document?.batch.statements ?? null,
    documentUrl: urlOf(at),
  };
  return { job, files: document?.files.map(({ file }) => file) ?? null };
}

/** What cannot be read is not there: a story has gaps, and is told all the same. */
async function readDocument(
  { objects }: Loader,
  at: { bucket: string; key: string },
): Promise<JobDocument | undefined> {
  try {
    const text = await readText(objects, at);
    return text === undefined ? undefined : (JSON.parse(text) as JobDocument);
  } catch {
    return undefined;
  }
}

/** Warehouses forget statements after a day; one that cannot be asked tells nothing either. */
async function idOf({ warehouse }: Loader, name: string): Promise<string | null> {
  try {
    return (await warehouse.find(name))?.id ?? null;
  } catch {
    return null;
  }
}

function toText(at: number): string {
  return new Date(at).toISOString();
}
