import type { LoaderEvent } from '../verbs/loader-event.ts';

/** What is told downstream of a table that was loaded. */
export interface TableLoaded {
  /** `schema.table` */
  readonly target: string;
  readonly database: string;
  readonly job: string;
  /** Null where the warehouse does not tell. */
  readonly rows: number | null;
  readonly files: number;
  readonly bytes: number;
  /** ISO 8601, UTC: everything that had come until then is loaded, unless it waits or was put aside. */
  readonly newestArrivalAt: string;
  readonly durationMs: number;
}

export function toTableLoaded(
  { target, job, rows, newestArrivalAt, at }: Extract<LoaderEvent, { kind: 'table-loaded' }>,
  database: string,
): TableLoaded {
  return {
    target,
    database,
    job: job.id,
    rows,
    files: job.files,
    bytes: job.bytes,
    newestArrivalAt: new Date(newestArrivalAt).toISOString(),
    durationMs: at - job.submittedAt,
  };
}
