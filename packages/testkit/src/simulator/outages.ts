import { LoadError } from '@millrace/core';
import type { Scheduler } from './scheduler.ts';

export type PortName = 'tracker' | 'objects' | 'warehouse' | 'wakes';

/** Which ports are away, and until when. */
export class Outages {
  readonly #scheduler: Scheduler;
  readonly #until = new Map<PortName, number>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  begin(port: PortName, ms: number): void {
    this.#until.set(port, Math.max(this.#until.get(port) ?? 0, this.#scheduler.now + ms));
  }

  /** Everything is back. */
  end(): void {
    this.#until.clear();
  }

  /** What a call of the port is told now; undefined when the port is there. */
  refusalOf(port: PortName): LoadError | undefined {
    if (this.#scheduler.now >= (this.#until.get(port) ?? 0)) return undefined;
    const code = port === 'warehouse' ? 'warehouse-unavailable' : `${port}-unreachable`;
    return new LoadError(code, `the simulated ${port} is away`, { class: 'unavailable' });
  }
}
