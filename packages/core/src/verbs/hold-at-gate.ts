import type { Lane } from '../lane/lane.ts';
import { GATE_CODES } from '../recover/gate.ts';
import type { Loader } from './loader.ts';
import type { GateLook } from './look-at-gate.ts';
import type { SettleOutcome } from './settle-outcome.ts';

/**
 * A lane that is due waits at the gate: no attempt is spent. It keeps the instant since when it does, and is written only
 * when there is something new to say: two hundred lanes wait through an outage without a write each time they look.
 */
export async function holdAtGate(
  loader: Loader,
  lane: Lane,
  { code, reason, until, wakeAt }: Extract<GateLook, { kind: 'shut' }>,
): Promise<Extract<SettleOutcome, { kind: 'held' | 'lost-race' }>> {
  const now = loader.now();
  const { target, state } = lane;
  const wasHeld = state.kind === 'held' && state.code === code;
  if (!wasHeld || state.reason !== reason) {
    const since = wasHeld ? state.since : now;
    const isMoved = await loader.tracker.putLane({
      ...lane,
      state: { kind: 'held', code, reason, since, until },
    });
    if (!isMoved) return { kind: 'lost-race' };
    // Of an outage the warehouse's own event tells, once for all lanes.
    const isNews = !wasHeld && code !== GATE_CODES.outage;
    if (isNews) loader.onEvent({ kind: 'lane-held', target, code, reason, until, at: now });
  }
  if (wakeAt !== null) await loader.wakes.wake(target, wakeAt);
  return { kind: 'held', until, code };
}
