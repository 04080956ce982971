import { GATE_CODES, type Gate, nextLookAt, type OutageHold, type ProbeResult } from '../recover/gate.ts';
import { LoadError } from '../recover/load-error.ts';
import type { Loader } from './loader.ts';

/** Asks the statement that no lane depends on. @returns null where none is asked. */
export async function askProbe({ availability }: Loader): Promise<ProbeResult | null> {
  if (availability?.probe === undefined) return null;
  try {
    await availability.probe();
    return { kind: 'answered' };
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    return { kind: 'failed', error };
  }
}

/** Holds all lanes, for a reason that does not come from one of them. @returns undefined when the gate has changed. */
export async function holdAll(
  loader: Loader,
  gate: Gate,
  { target, reason }: { target: string; reason: string },
): Promise<OutageHold | undefined> {
  const now = loader.now();
  const hold: OutageHold = { reason, since: now, until: nextLookAt(now, now), triedAt: null };
  if (!(await loader.tracker.putGate({ ...gate, hold, doubt: null }))) return undefined;
  loader.onEvent({ kind: 'warehouse-held', target, reason, since: now, isOverdue: false, at: now });
  return hold;
}

/** The warehouse is back: ends the hold, and wakes the lanes that wait for it. */
export async function reopen(loader: Loader, gate: Gate, { target }: { target: string }): Promise<void> {
  const { hold } = gate;
  if (hold === null) return;
  const now = loader.now();
  const lastOutage = { since: hold.since, endedAt: now };
  // Whoever was faster has opened it too, or found another outage: both go on from there.
  if (!(await loader.tracker.putGate({ ...gate, hold: null, doubt: null, lastOutage }))) return;
  loader.onEvent({ kind: 'warehouse-back', target, since: hold.since, at: now });
  await wakeHeld(loader, GATE_CODES.outage);
}

/**
 * A job has ended in the warehouse. Where no probe can find out that an outage is over, this does.
 *
 * The lanes of a warehouse with a probe do not ask it of every load: their next look finds it out.
 */
export async function noteAlive(loader: Loader, target: string): Promise<void> {
  if (loader.availability?.probe !== undefined) return;
  const gate = await loader.tracker.gate();
  if (gate.hold !== null) await reopen(loader, gate, { target });
}

/** Wakes the lanes that wait at the gate for one thing. */
export async function wakeHeld(loader: Loader, code: string): Promise<void> {
  const now = loader.now();
  for (const { target, state } of await loader.tracker.lanes()) {
    if (state.kind === 'held' && state.code === code) await loader.wakes.wake(target, now);
  }
}
