import type { EpochMs } from '@millrace/core';
import type { AskableWakeQueue } from './timed-wakes.ts';

/** Wakes that end with the process: for a tracker without a file beside it. The sweep finds what was lost with them. */
export class ProcessWakes implements AskableWakeQueue {
  /** The earliest wake of each target: a later one finds its lane when it is looked at. */
  readonly #wakes = new Map<string, EpochMs>();

  async wake(target: string, wakeAt: EpochMs): Promise<void> {
    this.#wakes.set(target, Math.min(wakeAt, this.#wakes.get(target) ?? wakeAt));
  }

  async takeDue(now: EpochMs): Promise<readonly string[]> {
    const due = [...this.#wakes].filter(([, wakeAt]) => wakeAt <= now).map(([target]) => target);
    for (const target of due) this.#wakes.delete(target);
    return due;
  }

  async nextWakeAt(): Promise<EpochMs | null> {
    return this.#wakes.size === 0 ? null : Math.min(...this.#wakes.values());
  }
}
