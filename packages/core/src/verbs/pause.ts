import type { Lane } from '../lane/lane.ts';
import { laneNameOf } from '../load/load-group.ts';
import { GATE_CODES, type Pause } from '../recover/gate.ts';
import { LoadError } from '../recover/load-error.ts';
import { wakeHeld } from './hold-warehouse.ts';
import { definitionOf, type Loader } from './loader.ts';

/** Workers move a lane a few times a second at most: one of so many tries comes between. */
const MAX_TRIES = 20;

/**
 * Nothing of a target is submitted from now on. Its files are taken in and wait; a job in hand is settled. A lane that is
 * paused already is paused by this.
 *
 * @throws LoadError `target-unknown`, `lane-busy` when others moved the lane again and again
 */
export async function pauseTarget(loader: Loader, name: string, pause: Pause): Promise<void> {
  // A group has one lane: none of its targets is loaded then.
  const target = laneNameOf(definitionOf(loader, name));
  await change(loader, target, (lane) => {
    const isInHand = lane.state.kind === 'submitting' || lane.state.kind === 'running';
    if (isInHand) return { ...lane, pauseAsked: pause };
    return { ...lane, pauseAsked: null, state: { kind: 'paused', ...pause } };
  });
}

/**
 * Ends the pause of a target; its lane looks at once.
 *
 * @returns whether it was paused
 * @throws LoadError `target-unknown`, `lane-busy`
 */
export async function resumeTarget(loader: Loader, name: string): Promise<boolean> {
  const target = laneNameOf(definitionOf(loader, name));
  const wasPaused = await change(loader, target, (lane) => {
    if (lane.state.kind === 'paused') {
      return { ...lane, pauseAsked: null, state: { kind: 'waiting', dueAt: loader.now() } };
    }
    return lane.pauseAsked === null ? undefined : { ...lane, pauseAsked: null };
  });
  if (wasPaused) await loader.wakes.wake(target, loader.now());
  return wasPaused;
}

/**
 * Nothing is submitted to the warehouse from now on, by no lane. Files are taken in and wait; jobs in hand are settled.
 *
 * @throws LoadError `gate-busy`
 */
export async function pauseWarehouse({ tracker }: Loader, pause: Pause): Promise<void> {
  for (let look = 0; look < MAX_TRIES; look += 1) {
    if (await tracker.putGate({ ...(await tracker.gate()), pause })) return;
  }
  throw busy('gate-busy', 'what stands before the lanes');
}

/**
 * Ends the pause of the warehouse; the lanes that wait for it look at once. Pauses of targets stay.
 *
 * @returns whether it was paused
 * @throws LoadError `gate-busy`
 */
export async function resumeWarehouse(loader: Loader): Promise<boolean> {
  for (let look = 0; look < MAX_TRIES; look += 1) {
    const gate = await loader.tracker.gate();
    if (gate.pause === null) return false;
    if (!(await loader.tracker.putGate({ ...gate, pause: null }))) continue;
    await wakeHeld(loader, GATE_CODES.pause);
    return true;
  }
  throw busy('gate-busy', 'what stands before the lanes');
}

/** @param to the lane as it should be; undefined: it is so already. @returns whether it was changed. */
async function change(
  { tracker }: Loader,
  target: string,
  to: (lane: Lane) => Lane | undefined,
): Promise<boolean> {
  for (let look = 0; look < MAX_TRIES; look += 1) {
    const changed = to(await tracker.lane(target));
    if (changed === undefined) return false;
    if (await tracker.putLane(changed)) return true;
  }
  throw busy('lane-busy', `the lane of ${target}`);
}

function busy(code: string, what: string): LoadError {
  return new LoadError(code, `${what} was changed by others ${MAX_TRIES} times meanwhile`, {
    class: 'transient',
    hint: 'try again',
  });
}
