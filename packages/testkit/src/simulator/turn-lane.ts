import { type AdvanceOutcome, advance, lanesInLine, type SettleOutcome, settle } from '@millrace/core';
import type { Worker } from './worker.ts';
import type { Workshop } from './workshop.ts';

/** Moves a lane on, and after a job that ended the lanes that wait for its place, as handlers and processes do. */
export async function turnLane(workshop: Workshop, worker: Worker, target: string): Promise<void> {
  const outcome = await advance(workshop.loaderOf(worker, 'advance'), target);
  if (isEnd(outcome)) await turnWaiting(workshop, worker);
}

/** Settles what ended, then moves on the lanes that wait for the place that is free now; its own has no right to it. */
export async function settleLane(workshop: Workshop, worker: Worker, target: string): Promise<SettleOutcome> {
  const settled = await settle(workshop.loaderOf(worker, 'settle'), target);
  if (!isEnd(settled)) return settled;
  const turned = await turnWaiting(workshop, worker);
  // Somebody has to see when it is due, and to leave a wake.
  if (!turned.has(target)) await advance(workshop.loaderOf(worker, 'advance'), target);
  return settled;
}

/** @returns the lanes that were looked at. */
async function turnWaiting(workshop: Workshop, worker: Worker): Promise<ReadonlySet<string>> {
  const loader = workshop.loaderOf(worker, 'advance');
  const line = lanesInLine(await loader.tracker.lanes(), {
    now: loader.now(),
    freshnessMsOf: (target) => loader.targets.get(target)?.batching.freshnessMs,
  });
  const turned = new Set<string>();
  for (const { target } of line) {
    turned.add(target);
    const { kind } = await advance(loader, target);
    if (kind === 'over-budget') break;
  }
  return turned;
}

/** Whether a lane's place on the warehouse is free again. */
function isEnd({ kind }: SettleOutcome | AdvanceOutcome): boolean {
  return kind === 'loaded' || kind === 'retrying' || kind === 'held';
}
