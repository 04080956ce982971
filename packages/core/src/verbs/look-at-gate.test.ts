import { bareLoader } from '@millrace/testkit';
import { expect, it } from 'vitest';
import { freshLane } from '../lane/lane.ts';
import { lookAtGate } from './look-at-gate.ts';

const NOW = 1_000_000;

it('leaves the look after an outage to a lane that has a place to load', async () => {
  const loader = bareLoader(() => NOW);
  const { tracker } = loader;
  const hold = { reason: 'paused', since: NOW - 60_000, until: NOW - 1, triedAt: null };
  await tracker.putGate({ ...(await tracker.gate()), hold });
  const without = await lookAtGate(loader, freshLane('public.a'), { mayLoad: false });
  expect(without.kind).toBe('shut');
  // The next one still finds the look free, and is the probe.
  expect(await tracker.gate()).toMatchObject({ hold });
  expect(await lookAtGate(loader, freshLane('public.b'))).toEqual({ kind: 'open' });
});
