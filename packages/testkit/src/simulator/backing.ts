import type { Statement, Tracker } from '@millrace/core';
import { MemoryObjectStore } from '../memory/memory-object-store.ts';
import { MemoryTracker } from '../memory/memory-tracker.ts';
import type { Dice } from './dice.ts';
import type { Engine } from './engine.ts';
import type { FaultPlan } from './fault-plan.ts';
import { ModelEngine } from './model-engine.ts';
import type { Scheduler } from './scheduler.ts';

/** What is below the ports of a seed: models of the real things, or the real things. */
export interface Backing {
  readonly objects: MemoryObjectStore;
  readonly tracker: Tracker;
  readonly engine: Engine;
  /** The engine, where others than Millrace can write to its tables. */
  readonly model: ModelEngine | null;
  close(): Promise<void>;
}

export interface BackingParts {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly faults: FaultPlan;
}

/** Everything in memory, and the warehouse a model that carries out plans. */
export async function openModel({ scheduler, dice, faults }: BackingParts): Promise<Backing> {
  const objects = new MemoryObjectStore({ now: () => scheduler.now });
  const slowest = dice.pick([100, 2_000, 20_000]);
  const durationOf = ({ kind }: Statement): number =>
    kind === 'copy' ? dice.int(5, faults.isCalm ? 100 : slowest) : dice.int(1, 30);
  const model = new ModelEngine({ objects, dice, durationOf, namelessErrors: dice.pick([0, 0, 0.5, 1]) });
  return { objects, tracker: new MemoryTracker(), engine: model, model, close: async () => undefined };
}
