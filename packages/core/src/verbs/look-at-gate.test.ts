import { MemoryObjectStore, MemoryTracker, MemoryWakeQueue } from '@millrace/testkit';
import { expect, it } from 'vitest';
import { freshLane } from '../lane/lane.ts';
import type { Warehouse } from '../ports/warehouse.ts';
import { DEFAULT_RETRY } from '../recover/retry-policy.ts';
import type { Loader } from './loader.ts';
import { lookAtGate } from './look-at-gate.ts';

const NOW = 1_000_000;

/** A warehouse that these looks never reach. */
const untouched = new Proxy({} as Warehouse, {
  get: (_, name) => {
    throw new Error(`the gate asked the warehouse for '${String(name)}'`);
  },
});

function makeLoader(tracker: MemoryTracker): Loader {
  return {
    tracker,
    objects: new MemoryObjectStore({ now: () => NOW }),
    warehouse: untouched,
    wakes: new MemoryWakeQueue(),
    targets: new Map(),
    routesOf: () => [],
    settings: {
      control: { bucket: 'lake', key: '_millrace/' },
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

it('leaves the look after an outage to a lane that has a place to load', async () => {
  const tracker = new MemoryTracker();
  const hold = { reason: 'paused', since: NOW - 60_000, until: NOW - 1, triedAt: null };
  await tracker.putGate({ ...(await tracker.gate()), hold });
  const loader = makeLoader(tracker);
  const without = await lookAtGate(loader, freshLane('public.a'), { mayLoad: false });
  expect(without.kind).toBe('shut');
  // The next one still finds the look free, and is the probe.
  expect(await tracker.gate()).toMatchObject({ hold });
  expect(await lookAtGate(loader, freshLane('public.b'))).toEqual({ kind: 'open' });
});
