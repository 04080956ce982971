import type { AlertLine, Alerts, Condition, EpochMs } from '@millrace/core';
import type { AlertShape } from './alert-shapes.ts';
import { post } from './post.ts';

/** Tells a receiver over HTTP, in the shape that it wants. */
export class WebhookAlerts implements Alerts {
  readonly #shape: AlertShape;
  readonly #source: string;
  readonly #timeoutMs: number;

  /** @param options `timeoutMs`: for one delivery with its retries. */
  constructor(shape: AlertShape, { source, timeoutMs }: { source: string; timeoutMs: number }) {
    this.#shape = shape;
    this.#source = source;
    this.#timeoutMs = timeoutMs;
  }

  raise(condition: Condition, { now }: { now: EpochMs }): Promise<void> {
    return this.#tell(condition, { alert: 'raised', now });
  }

  recover(condition: Condition, { now }: { now: EpochMs }): Promise<void> {
    return this.#tell(condition, { alert: 'recovered', now });
  }

  #tell(condition: Condition, { alert, now }: { alert: AlertLine['alert']; now: EpochMs }): Promise<void> {
    return post(this.#shape({ alert, condition, now, source: this.#source }), { timeoutMs: this.#timeoutMs });
  }
}
