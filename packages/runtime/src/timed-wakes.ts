import type { EpochMs, WakeQueue } from '@millrace/core';
import type { WakeSource } from './adapters.ts';

/** A wake queue that can be asked. */
export interface AskableWakeQueue extends WakeQueue {
  /** Takes the wakes that are due by `now` and returns their targets, each once. */
  takeDue(now: EpochMs): Promise<readonly string[]>;
  /** When the next wake is due; null when none is left. */
  nextWakeAt(): Promise<EpochMs | null>;
}

/** A timer for the next wake of a queue that is asked and does not tell. */
export class TimedWakes implements WakeSource {
  readonly #queue: AskableWakeQueue;
  readonly #now: () => EpochMs;
  readonly #onError: (error: unknown) => void;
  /** A wake that is far away is looked for again: another process may leave an earlier one. */
  readonly #maxDelayMs: number;
  #onDue: ((targets: readonly string[]) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    queue: AskableWakeQueue,
    {
      now,
      onError,
      maxDelayMs,
    }: { now: () => EpochMs; onError: (error: unknown) => void; maxDelayMs: number },
  ) {
    this.#queue = queue;
    this.#now = now;
    this.#onError = onError;
    this.#maxDelayMs = maxDelayMs;
  }

  start(onDue: (targets: readonly string[]) => void): void {
    this.#onDue = onDue;
    this.look();
  }

  look(): void {
    if (this.#onDue === undefined) return;
    clearTimeout(this.#timer);
    void this.#arm().catch(this.#onError);
  }

  async stop(): Promise<void> {
    this.#onDue = undefined;
    clearTimeout(this.#timer);
  }

  async #arm(): Promise<void> {
    const wakeAt = await this.#queue.nextWakeAt();
    if (wakeAt === null || this.#onDue === undefined) return;
    clearTimeout(this.#timer);
    const delayMs = Math.max(0, Math.min(wakeAt - this.#now(), this.#maxDelayMs));
    this.#timer = setTimeout(() => void this.#tell(), delayMs);
  }

  async #tell(): Promise<void> {
    try {
      const targets = await this.#queue.takeDue(this.#now());
      this.#onDue?.(targets);
    } catch (error) {
      this.#onError(error);
    }
    this.look();
  }
}
