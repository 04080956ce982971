import type { EpochMs, WakeQueue } from '@millrace/core';
import type { Site } from '../catalog/site.ts';

export interface SiteWakesOptions {
  readonly site: Pick<Site, 'wakes' | 'wakePrefix'>;
  readonly now: () => EpochMs;
  /** Takes what is due already. */
  readonly onDue: (target: string) => void;
}

/** Wakes of one invocation: what is due now the invocation does itself at its end; only the future is sent. */
export class SiteWakes implements WakeQueue {
  readonly #options: SiteWakesOptions;

  constructor(options: SiteWakesOptions) {
    this.#options = options;
  }

  async wake(target: string, wakeAt: EpochMs): Promise<void> {
    const { site, now, onDue } = this.#options;
    if (wakeAt <= now()) onDue(target);
    else await site.wakes?.wake(site.wakePrefix + target, wakeAt);
  }
}
