import { urlOf } from '../../file/identity.ts';
import type { LoadFile } from '../../file/load-file.ts';
import type { Lane } from '../../lane/lane.ts';
import { type JobDocument, placesOf, readText, statementNameOf } from '../../load/job-document.ts';
import { timeOfUlid } from '../../load/ulid.ts';
import type { ObjectRef } from '../../ports/object-store.ts';
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
  const { at, document } = await findDocument(loader, { owners: [lane.target, target], name });
  const record = records.find(({ id }) => id === name.jobId);
  const { state } = lane;
  const inHand = (state.kind === 'running' || state.kind === 'submitting') && state.job.id === name.jobId;
  const told = inHand ? state.kind : record?.state;
  const statementName =
    document?.batch.name ?? statementNameOf(loader.settings.database, lane.target, { ...name, fence: 0 });
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

/** Below the lane that took it: the group's, or, of before there was one, the target's own. */
async function findDocument(
  loader: Loader,
  { owners, name }: { owners: readonly [string, string]; name: JobName },
): Promise<{ at: ObjectRef; document: JobDocument | undefined }> {
  const [first, second] = owners.map((owner) => {
    return placesOf(loader.settings.control, owner, { ...name, fence: 0 }).document;
  }) as [ObjectRef, ObjectRef];
  const document = await readDocument(loader, first);
  if (document !== undefined || owners[0] === owners[1]) return { at: first, document };
  const other = await readDocument(loader, second);
  return other === undefined ? { at: first, document: undefined } : { at: second, document: other };
}

/** What cannot be read is not there: a story has gaps, and is told all the same. */
async function readDocument({ objects }: Loader, at: ObjectRef): Promise<JobDocument | undefined> {
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
