import { freshLane, type Lane, type LaneState } from '../lane/lane.ts';
import { lanesInLine } from '../lane/line.ts';
import { laneOfTarget } from '../load/load-group.ts';
import { type AdvanceOutcome, advance } from './advance.ts';
import type { Loader } from './loader.ts';
import { settle } from './settle.ts';
import type { SettleOutcome } from './settle-outcome.ts';

export interface SweepReport {
  readonly settled: ReadonlyMap<string, SettleOutcome>;
  readonly advanced: ReadonlyMap<string, AdvanceOutcome>;
  /** Lanes that could not be looked at, and why: one of them does not keep the others from being looked at. */
  readonly broken: ReadonlyMap<string, unknown>;
}

/**
 * The net below everything: looks at every lane, settles jobs whose lease is over, moves on what is due. Finds lanes
 * whose wake was lost, whose worker died, whose completion event never came. Jobs of targets that left the
 * configuration are settled too: they have a place in the budget.
 *
 * @param moveOn how a lane is moved on, where the caller does more than `advance`. It is given the lane as the sweep
 * has read it, unless the sweep has moved it since.
 */
export async function sweep(
  loader: Loader,
  {
    isAlone = false,
    drain = false,
    moveOn = (target, lane) => advance(loader, target, { drain, lane }),
  }: {
    isAlone?: boolean;
    drain?: boolean;
    moveOn?: (target: string, lane: Lane | undefined) => Promise<AdvanceOutcome>;
  } = {},
): Promise<SweepReport> {
  const settled = new Map<string, SettleOutcome>();
  const advanced = new Map<string, AdvanceOutcome>();
  const broken = new Map<string, unknown>();
  // One request tells of all lanes. Each is moved on by what was read here: what has moved since is somebody else's.
  const lanes = new Map((await loader.tracker.lanes()).map((lane) => [lane.target, lane]));
  for (const target of inTurn(loader, lanes)) {
    try {
      const lane = lanes.get(target) ?? freshLane(target);
      const { state } = lane;
      const isOver = isInHand(state) && (isAlone || loader.now() >= state.leaseUntil);
      if (isOver) settled.set(target, await settle(loader, target, { isAlone }));
      // The other targets of a group have no lane of their own to move on.
      const isOwn = loader.targets.has(target) && laneOfTarget(loader.targets, target) === target;
      if (isOwn) advanced.set(target, await moveOn(target, isOver ? undefined : lane));
    } catch (error) {
      broken.set(target, error);
    }
  }
  return { settled, advanced, broken };
}

/** First the lanes whose jobs may have ended and make room, then those that wait for it, the nearest deadline first. */
function inTurn(loader: Loader, lanes: ReadonlyMap<string, Lane>): ReadonlySet<string> {
  const all = [...lanes.values()];
  const busy = all.filter(({ state }) => isInHand(state));
  const line = lanesInLine(all, {
    now: loader.now(),
    freshnessMsOf: (target) => loader.targets.get(target)?.batching.freshnessMs,
  });
  const targets = [...busy, ...line].map(({ target }) => target);
  return new Set([...targets, ...loader.targets.keys(), ...lanes.keys()]);
}

function isInHand(state: LaneState): state is Extract<LaneState, { kind: 'submitting' | 'running' }> {
  return state.kind === 'submitting' || state.kind === 'running';
}
