import { type AdvanceOutcome, advance, type SettleOutcome, settle } from '@millrace/core';
import type { Worker } from './worker.ts';
import type { Workshop } from './workshop.ts';

/** Moves a lane on, and after a job that ended the lanes that wait for its place, as handlers and processes do. */
export async function turnLane(workshop: Workshop, worker: Worker, target: string): Promise<void> {
  const outcome = await advance(workshop.loaderOf(worker, 'advance'), target);
  if (isEnd(outcome)) await turnWaiting(workshop, worker);
}

/** Settles what ended, then moves on the lane and those that wait for the place that is free now. */
export async function settleLane(workshop: Workshop, worker: Worker, target: string): Promise<SettleOutcome> {
  const settled = await settle(workshop.loaderOf(worker, 'settle'), target);
  if (!isEnd(settled)) return settled;
  await advance(workshop.loaderOf(worker, 'advance'), target);
  await turnWaiting(workshop, worker);
  return settled;
}

async function turnWaiting(workshop: Workshop, worker: Worker): Promise<void> {
  const loader = workshop.loaderOf(worker, 'advance');
  for (const { target, state } of await loader.tracker.lanes()) {
    if (state.kind === 'waiting' && state.dueAt <= loader.now()) await advance(loader, target);
  }
}

/** Whether a lane's place on the warehouse is free again. */
function isEnd({ kind }: SettleOutcome | AdvanceOutcome): boolean {
  return kind === 'loaded' || kind === 'retrying' || kind === 'held';
}
