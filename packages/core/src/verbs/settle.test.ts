import { bareLoader, claimLane } from '@millrace/testkit';
import { expect, it } from 'vitest';
import type { SqlRow } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import type { Loader } from './loader.ts';
import { settle } from './settle.ts';

const TARGET = 'public.flights';
const NOW = 1_000_000;

/**
 * A lane whose worker died after it had sent the job, and before it could note the statement; and a warehouse whose list
 * does not show the statement, that is too busy to take the job again, and tells this of the attempt.
 */
async function deadWorkersLane(attempt: SqlRow): Promise<Loader> {
  const loader = bareLoader(() => NOW, {
    dialect: { name: 'fake', maxStatementBytes: 100_000, maxStatements: 40, render: ({ kind }) => kind },
    submit: async () => {
      throw new LoadError('throttled', 'too many statements', { class: 'transient' });
    },
    find: async () => undefined,
    transact: async () => [attempt],
  });
  await claimLane(loader, TARGET, { at: NOW - 5_000, leaseUntil: NOW - 1 });
  return loader;
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

/** A lane whose job has loaded all that waited when it was planned. */
async function emptiedLane(): Promise<Loader> {
  const loader = bareLoader(() => NOW, {
    find: async (name) => ({ name, id: 'statement-1' }),
    describe: async () => ({ state: 'finished', copiedRows: 2 }),
  });
  const { lane, job } = await claimLane(loader, TARGET, { at: NOW - 5_000, leaseUntil: NOW + 60_000 });
  const state = { kind: 'submitting', job: { ...job, takesAllAt: lane.arrivals }, leaseUntil: NOW } as const;
  await loader.tracker.putLane({ ...lane, state });
  return loader;
}

it('leaves a lane idle whose job took all that waited', async () => {
  const loader = await emptiedLane();
  const outcome = await settle(loader, TARGET);
  const lane = await loader.tracker.lane(TARGET);
  expect(lane.state).toEqual({ kind: 'idle' });
  expect(outcome).toEqual({ kind: 'loaded', files: 1, rows: 2, lane });
});

it('lets a lane look at its line when a file has come since: before the job ended, or while it is settled', async () => {
  const early = await emptiedLane();
  await early.tracker.addArrivals(TARGET, 1);
  await settle(early, TARGET);
  expect((await early.tracker.lane(TARGET)).state).toEqual({ kind: 'waiting', dueAt: NOW });

  const late = await emptiedLane();
  const { tracker } = late;
  const putJob = tracker.putJob.bind(tracker);
  tracker.putJob = async (job) => {
    await tracker.addArrivals(TARGET, 1);
    await putJob(job);
  };
  await settle(late, TARGET);
  expect((await tracker.lane(TARGET)).state).toEqual({ kind: 'waiting', dueAt: NOW });
});
