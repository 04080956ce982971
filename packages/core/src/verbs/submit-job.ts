import type { JobRef, Lane, StatementRef } from '../lane/lane.ts';
import { type JobDocument, sortJobFiles } from '../load/job-document.ts';
import type { EpochMs } from '../ports/time.ts';
import { LoadError } from '../recover/load-error.ts';
import type { Loader } from './loader.ts';
import { settleFailure } from './settle-failure.ts';
import type { SettleOutcome } from './settle-outcome.ts';

export type SubmitOutcome =
  | { readonly kind: 'submitted'; readonly job: JobRef }
  /** Nobody knows whether the warehouse took it: the sweep finds the statement, or sends the stored SQL again. */
  | { readonly kind: 'submit-unknown'; readonly job: JobRef }
  /** Not sent: the lane may be somebody else's by now. */
  | { readonly kind: 'lost-race' };

/**
 * Sends a job's stored SQL to the warehouse and notes the statement. The lane is `submitting` this very job.
 *
 * Sending it a second time is safe: the token makes it the same submission while the warehouse remembers, and the
 * guard lets only one of two transactions commit.
 *
 * @param until the end of the sender's own lease: who stood still beyond it does not send any more. Whoever comes next sends
 * the job, or has given it up, and what is sent then can only run into its void.
 * @param onRefused what a refusal comes to. Refused at the first time the job has failed; refused again it may still have
 * been taken before.
 */
export async function submitJob(
  loader: Loader,
  {
    lane,
    job,
    document,
    until = Number.POSITIVE_INFINITY,
    onRefused = (error) => {
      return settleFailure(loader, { lane, job, statement: null, error, ...sortJobFiles(document) });
    },
  }: {
    lane: Lane;
    job: JobRef;
    document: JobDocument;
    until?: EpochMs;
    onRefused?: (error: LoadError) => Promise<SettleOutcome>;
  },
): Promise<SubmitOutcome | SettleOutcome> {
  const now = loader.now();
  await loader.tracker.putJob({
    id: job.id,
    target: lane.target,
    attempt: job.attempt,
    state: 'submitted',
    files: job.files,
    bytes: job.bytes,
    rows: null,
    submittedAt: job.submittedAt,
    settledAt: null,
    error: null,
  });
  if (loader.now() >= until) return { kind: 'lost-race' };
  let statement: StatementRef;
  try {
    statement = await loader.warehouse.submit(document.batch);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    if (error.class === 'unknown') return { kind: 'submit-unknown', job };
    return onRefused(error);
  }
  // When somebody settled the job meanwhile the lane has moved on, and this write finds it so.
  await loader.tracker.putLane({
    ...lane,
    state: { kind: 'running', job, statement, leaseUntil: now + loader.settings.leaseMs },
  });
  loader.onEvent({ kind: 'job-submitted', target: lane.target, job, at: now });
  return { kind: 'submitted', job };
}
