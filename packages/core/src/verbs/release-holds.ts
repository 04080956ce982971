import type { Loader } from './loader.ts';

/**
 * Lanes that are held look again at once, and so does the whole warehouse: for a start after somebody mended what they were held for. What is not
 * mended holds them again; a pause stays.
 */
export async function releaseHolds(loader: Loader): Promise<void> {
  const gate = await loader.tracker.gate();
  if (gate.hold !== null) {
    await loader.tracker.putGate({ ...gate, hold: { ...gate.hold, until: loader.now() } });
  }
  for (const lane of await loader.tracker.lanes()) {
    if (lane.state.kind !== 'held') continue;
    await loader.tracker.putLane({
      ...lane,
      state: { kind: 'waiting', dueAt: loader.now() },
      notBeforeAt: 0,
      failures: 0,
    });
  }
}
