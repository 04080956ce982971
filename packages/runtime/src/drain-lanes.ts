import { setTimeout as pause } from 'node:timers/promises';
import type { Lane, Loader } from '@millrace/core';
import type { LaneDriver } from './lane-driver.ts';

/** A lane that waits for somebody. */
export interface HeldLane {
  readonly target: string;
  readonly reason: string;
}

/** How often `untilIdle` looks when nothing tells it to. */
const IDLE_POLL_MS = 50;

export interface DrainOptions {
  readonly driver: LaneDriver;
  readonly lookAt: (targets: Iterable<string>) => void;
  readonly list: () => Promise<{ added: number }>;
}

/**
 * What waits is due, whatever its freshness. Resolves when nothing waits or runs; lanes that are held or paused are told.
 *
 * @throws what breaks a lane again and again.
 */
export async function drainLanes(
  loader: Loader,
  { driver, lookAt, list }: DrainOptions,
): Promise<{ held: readonly HeldLane[] }> {
  driver.drain();
  lookAt(loader.targets.keys());
  for (;;) {
    await pause(IDLE_POLL_MS);
    driver.throwIfBroken();
    if (driver.isTurning) continue;
    const busy = (await lanesOf(loader)).filter((lane) => !isAtRest(lane));
    if (busy.length > 0) {
      // A lane that broke is looked at again by itself, when its time has come.
      const due = busy.filter(
        ({ state, target }) => isDue(state, loader.now()) && driver.brokenBy(target) === undefined,
      );
      lookAt(due.map(({ target }) => target));
      continue;
    }
    // What was being written when the run began may be whole by now.
    const { added } = await list();
    if (added > 0 || driver.isTurning) continue;
    // The watcher may have brought something during the listing, whose job runs now.
    if ((await lanesOf(loader)).every(isAtRest)) break;
  }
  return { held: (await lanesOf(loader)).flatMap(toHeldLane) };
}

/** The lanes of the targets that there are. */
export async function lanesOf(loader: Loader): Promise<readonly Lane[]> {
  const lanes = await loader.tracker.lanes();
  return lanes.filter(({ target }) => loader.targets.has(target));
}

function isAtRest({ state }: Lane): boolean {
  return state.kind === 'idle' || state.kind === 'held' || state.kind === 'paused';
}

function isDue(state: Lane['state'], now: number): boolean {
  return state.kind === 'waiting' && state.dueAt <= now;
}

function toHeldLane({ target, state }: Lane): HeldLane[] {
  if (state.kind === 'held') return [{ target, reason: state.reason }];
  if (state.kind === 'paused') return [{ target, reason: `paused by ${state.by}: ${state.why}` }];
  return [];
}
