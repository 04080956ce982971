import { MemoryObjectStore, MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';
import { expect, it } from 'vitest';
import { loadFileOf } from '../file/load-file.ts';
import { writeJob } from '../load/build-job.ts';
import { clientTokenOf, type JobDocument, placesOf, statementNameOf } from '../load/job-document.ts';
import type { SqlRow, Warehouse } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import { DEFAULT_RETRY } from '../recover/retry-policy.ts';
import type { Loader } from './loader.ts';
import { settle } from './settle.ts';

const TARGET = 'public.flights';
const CONTROL = { bucket: 'lake', key: '_millrace/' };
const NOW = 1_000_000;

/** A warehouse whose list does not show the job's statement, that is too busy to take it again, and tells this of it. */
function busyWarehouse(attempt: SqlRow): Warehouse {
  const render = (statement: { kind: string }): string => statement.kind;
  return {
    dialect: { name: 'fake', maxStatementBytes: 100_000, maxStatements: 40, render },
    submit: async () => {
      throw new LoadError('throttled', 'too many statements', { class: 'transient' });
    },
    describe: async () => ({ state: 'unknown' }),
    find: async () => undefined,
    cancel: async () => {},
    copyErrors: async () => [],
    transact: async () => [attempt],
    query: async () => ({ columns: [], rows: [] }),
    describeTable: async () => undefined,
  };
}

/** A lane whose worker died after it had sent the job, and before it could note the statement. */
async function deadWorkersLane(attemptRow: SqlRow): Promise<Loader> {
  const [objects, tracker] = [new MemoryObjectStore({ now: () => NOW }), new MemoryTracker()];
  const file = loadFileOf({ bucket: 'lake', key: 'flights/1.csv', etag: 'a', size: 3 }, NOW - 10_000);
  const attempt = { jobId: '01ARZ3NDEKTSV4RRFFQ69G5FAV', attempt: 1, fence: 1 };
  const document: JobDocument = {
    version: 1,
    target: TARGET,
    attempt,
    files: [{ file, loadUrl: file.url }],
    bytes: 3,
    batch: {
      name: statementNameOf('dev', TARGET, attempt),
      clientToken: clientTokenOf(attempt),
      statements: [],
    },
    createdAt: NOW - 5_000,
  };
  const job = await writeJob(objects, {
    document,
    places: placesOf(CONTROL, TARGET, attempt),
    statements: [],
  });
  await tracker.addFiles(TARGET, [file]);
  const state = { kind: 'submitting', job, leaseUntil: NOW - 1 } as const;
  await tracker.putLane({ ...(await tracker.lane(TARGET)), fence: 1, state });
  return {
    tracker,
    objects,
    warehouse: busyWarehouse(attemptRow),
    wakes: new MemoryWakeQueue(),
    targets: new Map(),
    routesOf: () => [],
    settings: {
      control: CONTROL,
      database: 'dev',
      iamRole: 'default',
      leaseMs: 60_000,
      lockTimeoutMs: 5_000,
      statementTimeoutMs: 0,
      maxLoads: 1,
      retry: DEFAULT_RETRY,
    },
    now: () => NOW,
    random: () => new Uint8Array(16),
    onEvent: () => {},
  };
}

it('asks the receipts when a job that a dead worker had sent is refused the second time', async () => {
  const loader = await deadWorkersLane({ loaded: 1, voided: 0, job_rows: 2 });
  expect(await settle(loader, TARGET)).toMatchObject({ kind: 'loaded', files: 1, rows: 2 });
  expect(await loader.tracker.counts(TARGET)).toMatchObject({ waiting: 0 });
});

it('tries again, and tells why, when the receipts deny it', async () => {
  const loader = await deadWorkersLane({ loaded: 0, voided: 1, job_rows: null });
  expect(await settle(loader, TARGET)).toMatchObject({ kind: 'retrying', code: 'throttled' });
  expect(await loader.tracker.counts(TARGET)).toMatchObject({ waiting: 1 });
});
