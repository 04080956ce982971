import type { EpochMs, WakeQueue } from '@millrace/core';
import type { FaultPlan } from './fault-plan.ts';
import type { Scheduler } from './scheduler.ts';

/** Brings messages: late, twice, in another order, or not at all. */
export class Courier implements WakeQueue {
  readonly #scheduler: Scheduler;
  readonly #faults: FaultPlan;
  readonly #onWake: (target: string) => void;
  readonly #pending = new Set<string>();

  constructor(scheduler: Scheduler, faults: FaultPlan, onWake: (target: string) => void) {
    this.#scheduler = scheduler;
    this.#faults = faults;
    this.#onWake = onWake;
  }

  deliver(message: () => void): void {
    for (const delay of this.#faults.ofMessage().delaysMs) this.#scheduler.after(delay, message);
  }

  async wake(target: string, wakeAt: EpochMs): Promise<void> {
    const key = `${target} ${wakeAt}`;
    if (this.#pending.has(key)) return;
    this.#pending.add(key);
    this.#scheduler.after(wakeAt - this.#scheduler.now, () => {
      this.#pending.delete(key);
      this.deliver(() => this.#onWake(target));
    });
  }
}
