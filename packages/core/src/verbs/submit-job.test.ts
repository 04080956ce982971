import { bareLoader, claimLane } from '@millrace/testkit';
import { expect, it } from 'vitest';
import { submitJob } from './submit-job.ts';

const TARGET = 'public.flights';
const LEASE_MS = 60_000;

/** A lane that a worker has claimed at 0, and what it is about to send. */
async function claimed({ now }: { now: () => number }) {
  const sent: string[] = [];
  const loader = bareLoader(now, {
    submit: async (batch) => {
      sent.push(batch.name);
      return { name: batch.name, id: 'statement-1' };
    },
  });
  return { loader, sent, ...(await claimLane(loader, TARGET, { at: 0, leaseUntil: LEASE_MS })) };
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
