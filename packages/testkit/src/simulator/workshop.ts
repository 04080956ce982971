import {
  LoadError,
  type Loader,
  type LoaderSettings,
  type ObjectRef,
  type ObjectStore,
  type TargetDefinition,
  type Tracker,
  type WakeQueue,
  type Warehouse,
} from '@millrace/core';
import type { Dice } from './dice.ts';
import type { Gate } from './gate.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';
import { Worker } from './worker.ts';

export interface WorkshopParts {
  readonly tracker: Tracker;
  readonly objects: ObjectStore;
  readonly warehouse: Warehouse;
  readonly wakes: WakeQueue;
  readonly targets: ReadonlyMap<string, TargetDefinition>;
  readonly routesOf: (at: ObjectRef) => readonly string[];
  readonly settings: LoaderSettings;
  readonly gate: Gate;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly story: Story;
  /** Clocks of workers are off by at most this. */
  readonly maxSkewMs: number;
}

/** Hires workers, and gives each of them ports that may fail it. */
export class Workshop {
  readonly parts: WorkshopParts;
  #hired = 0;

  constructor(parts: WorkshopParts) {
    this.parts = parts;
  }

  hire(kind: string): Worker {
    const { dice, maxSkewMs, story } = this.parts;
    this.#hired += 1;
    return new Worker(`${kind}-${this.#hired}`, { skewMs: dice.int(-maxSkewMs, maxSkewMs), story });
  }

  /** What a verb is given when this worker runs it. */
  loaderOf(worker: Worker, verb: string): Loader {
    const { gate, scheduler, dice, story, targets, routesOf, settings } = this.parts;
    const around = <Port extends object>(
      name: 'tracker' | 'objects' | 'warehouse' | 'wakes',
      port: Port,
    ): Port => gate.around(port, { name, worker, verb });
    return {
      tracker: around('tracker', this.parts.tracker),
      objects: around('objects', this.parts.objects),
      warehouse: around('warehouse', this.parts.warehouse),
      wakes: around('wakes', this.parts.wakes),
      targets,
      routesOf,
      settings,
      now: () => scheduler.now + worker.skewMs,
      random: () => dice.bytes(16),
      onEvent: (event) =>
        story.tell(() => {
          const { kind, target, ...rest } = event;
          return `${worker.name} tells ${kind} of ${target} ${JSON.stringify(rest).slice(0, 160)}`;
        }),
    };
  }

  /** Errors that a verb may throw when its ports fail it; any other is a broken verb. */
  judge(worker: Worker, verb: string, error: unknown): void {
    const { story } = this.parts;
    if (error instanceof LoadError && error.code !== 'job-document-lost') {
      story.tell(() => `${worker.name} ${verb} ends with ${error.code}: ${error.message}`);
      return;
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    story.violate('verbs do not break', `${verb} threw ${text}`);
  }
}
