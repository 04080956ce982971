import { MemoryObjectStore, MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';
import { expect, it } from 'vitest';
import { loadFileOf } from '../file/load-file.ts';
import { writeJob } from '../load/build-job.ts';
import { clientTokenOf, type JobDocument, placesOf, statementNameOf } from '../load/job-document.ts';
import { DEFAULT_RETRY } from '../recover/retry-policy.ts';
import type { Loader } from './loader.ts';
import { submitJob } from './submit-job.ts';

const TARGET = 'public.flights';
const CONTROL = { bucket: 'lake', key: '_millrace/' };
const LEASE_MS = 60_000;

/** A lane that a worker has claimed at 0, and what it is about to send. */
async function claimed({ now }: { now: () => number }) {
  const [objects, tracker] = [new MemoryObjectStore({ now }), new MemoryTracker()];
  const sent: string[] = [];
  const attempt = { jobId: '01ARZ3NDEKTSV4RRFFQ69G5FAV', attempt: 1, fence: 1 };
  const name = statementNameOf('dev', TARGET, attempt);
  const file = loadFileOf({ bucket: 'lake', key: 'flights/1.csv', etag: 'a', size: 3 }, 0);
  const document: JobDocument = {
    version: 1,
    target: TARGET,
    attempt,
    files: [{ file, loadUrl: file.url }],
    bytes: 3,
    batch: { name, clientToken: clientTokenOf(attempt), statements: [] },
    createdAt: 0,
  };
  const places = placesOf(CONTROL, TARGET, attempt);
  const job = await writeJob(objects, { document, places, statements: [] });
  const state = { kind: 'submitting', job, leaseUntil: LEASE_MS } as const;
  await tracker.putLane({ ...(await tracker.lane(TARGET)), fence: 1, state });
  const loader: Loader = {
    tracker,
    objects,
    warehouse: {
      dialect: { name: 'fake', maxStatementBytes: 100_000, maxStatements: 40, render: ({ kind }) => kind },
      submit: async (batch) => {
        sent.push(batch.name);
        return { name: batch.name, id: 'statement-1' };
      },
      describe: async () => ({ state: 'unknown' }),
      find: async () => undefined,
      cancel: async () => {},
      copyErrors: async () => [],
      transact: async () => [],
      query: async () => ({ columns: [], rows: [] }),
      describeTable: async () => undefined,
    },
    wakes: new MemoryWakeQueue(),
    targets: new Map(),
    routesOf: () => [],
    settings: {
      control: CONTROL,
      database: 'dev',
      iamRole: 'default',
      leaseMs: LEASE_MS,
      lockTimeoutMs: 5_000,
      statementTimeoutMs: 0,
      maxLoads: 1,
      retry: DEFAULT_RETRY,
    },
    now,
    random: () => new Uint8Array(16),
    onEvent: () => {},
  };
  return { loader, lane: await tracker.lane(TARGET), job, document, sent };
}

it('sends a job within the lease of its worker', async () => {
  const { loader, sent, ...job } = await claimed({ now: () => LEASE_MS - 1 });
  expect(await submitJob(loader, { ...job, until: LEASE_MS })).toMatchObject({ kind: 'submitted' });
  expect(sent).toHaveLength(1);
});

it('sends nothing when its worker stood still beyond its lease: the lane may have given the job up', async () => {
  const { loader, sent, ...job } = await claimed({ now: () => LEASE_MS });
  expect(await submitJob(loader, { ...job, until: LEASE_MS })).toEqual({ kind: 'lost-race' });
  expect(sent).toEqual([]);
  expect((await loader.tracker.lane(TARGET)).state).toMatchObject({ kind: 'submitting' });
});

it('sends a job of somebody else once more whatever the time, for the lease that is over is not its own', async () => {
  const { loader, sent, ...job } = await claimed({ now: () => 10 * LEASE_MS });
  expect(await submitJob(loader, job)).toMatchObject({ kind: 'submitted' });
  expect(sent).toHaveLength(1);
});
