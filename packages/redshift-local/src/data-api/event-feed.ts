import { setTimeout as pause } from 'node:timers/promises';
import type { CompletionEvent } from './completion-event.ts';
import type { Faults } from './faults.ts';

export type EventSink = (event: CompletionEvent) => Promise<void> | void;

/** Hands completion events to the sink, at best effort as EventBridge does: with faults they get lost, come twice, or late. */
export class EventFeed {
  readonly #sink: EventSink | undefined;
  readonly #faults: Faults;
  readonly #onError: (error: unknown) => void;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(sink: EventSink | undefined, options: { faults: Faults; onError: (error: unknown) => void }) {
    this.#sink = sink;
    this.#faults = options.faults;
    this.#onError = options.onError;
  }

  send(event: CompletionEvent): void {
    if (this.#sink === undefined || this.#faults.strikes('eventLoss')) return;
    const copies = this.#faults.strikes('eventDuplicates') ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = this.#faults.draw(this.#faults.settings.eventDelayMs);
      const sent = this.#deliver(event, delayMs).finally(() => this.#underWay.delete(sent));
      this.#underWay.add(sent);
    }
  }

  /** Drops what is delayed, and waits for what is on its way. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }

  async #deliver(event: CompletionEvent, delayMs: number): Promise<void> {
    try {
      if (delayMs > 0) await pause(delayMs, undefined, { signal: this.#stop.signal });
      await this.#sink?.(event);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#onError(error);
    }
  }
}
