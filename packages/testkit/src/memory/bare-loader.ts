import {
  clientTokenOf,
  DEFAULT_RETRY,
  type EpochMs,
  type JobDocument,
  type JobRef,
  type Lane,
  type Loader,
  loadFileOf,
  placesOf,
  statementNameOf,
  type Warehouse,
  writeJob,
} from '@millrace/core';
import { MemoryObjectStore } from './memory-object-store.ts';
import { MemoryTracker } from './memory-tracker.ts';
import { MemoryWakeQueue } from './memory-wake-queue.ts';

const LEASE_MS = 60_000;
const CONTROL = { bucket: 'lake', key: '_millrace/' };

/** A loader of one verb's test: in memory, with one place for a load and nobody who hears its events. */
export function bareLoader(now: () => EpochMs, warehouse: Partial<Warehouse> = {}): Loader {
  return {
    tracker: new MemoryTracker(),
    objects: new MemoryObjectStore({ now }),
    warehouse: refusingOthers(warehouse),
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
}

/** What a worker has in hand that wrote a job of one file down and claimed its lane for it, and no more. */
export async function claimLane(
  { tracker, objects }: Loader,
  target: string,
  { at, leaseUntil }: { at: EpochMs; leaseUntil: EpochMs },
): Promise<{ lane: Lane; job: JobRef; document: JobDocument }> {
  const attempt = { jobId: '01ARZ3NDEKTSV4RRFFQ69G5FAV', attempt: 1, fence: 1 };
  const file = loadFileOf({ bucket: 'lake', key: 'in/1.csv', etag: 'a', size: 3 }, at);
  const document: JobDocument = {
    version: 1,
    target,
    attempt,
    files: [{ file, loadUrl: file.url }],
    bytes: 3,
    batch: {
      name: statementNameOf('dev', target, attempt),
      clientToken: clientTokenOf(attempt),
      statements: [],
    },
    createdAt: at,
  };
  const places = placesOf(CONTROL, target, attempt);
  const job = await writeJob(objects, { document, places, statements: [] });
  await tracker.addFiles(target, [file]);
  const state = { kind: 'submitting', job, leaseUntil } as const;
  await tracker.putLane({ ...(await tracker.lane(target)), fence: 1, state });
  return { lane: await tracker.lane(target), job, document };
}

/** A warehouse that is asked for what a test does not expect says so, instead of giving an answer that nobody meant. */
function refusingOthers(warehouse: Partial<Warehouse>): Warehouse {
  return new Proxy(warehouse as Warehouse, {
    get: (known, name) => {
      if (name in known) return Reflect.get(known, name);
      throw new Error(`the verb asked the warehouse for '${String(name)}'`);
    },
  });
}
