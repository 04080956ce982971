import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { JobRecord } from '@millrace/core';
import { cutText } from './cut-text.ts';
import { EXPIRY, type Item, instantKey, JOB, keyOf, PARTITION_KEY, SORT_KEY } from './table-layout.ts';

/** Bytes of a job's error; its files' evidence says more. */
const MAX_ERROR_BYTES = 512;
/** Stories are kept as long as people ask for them; with TTL on the table they end by themselves. */
const KEPT_SECONDS = 90 * 24 * 60 * 60;

/** The same key for a job's beginning and its end; jobs lie in the order in which they were submitted. */
export function jobItem(partition: string, job: JobRecord): Item {
  const { target: _, ...record } = job;
  return {
    ...keyOf(partition, `${JOB}${instantKey(job.submittedAt)}#${job.id}`),
    ...marshall({ ...record, error: job.error === null ? null : cutText(job.error, MAX_ERROR_BYTES) }),
    [EXPIRY]: { N: String(Math.ceil(job.submittedAt / 1_000) + KEPT_SECONDS) },
  };
}

export function toJob(target: string, item: Item): JobRecord {
  const { [PARTITION_KEY]: _, [SORT_KEY]: __, [EXPIRY]: ___, ...record } = unmarshall(item);
  return { ...(record as Omit<JobRecord, 'target'>), target };
}
