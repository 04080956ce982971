import { LoadError } from '@millrace/core';
import type { Scheduler } from './scheduler.ts';

/** A connection of the warehouse that runs one transaction. It can be killed at any instant before its commit. */
export class Session {
  readonly id: number;
  readonly #scheduler: Scheduler;
  #killedBy: LoadError | null = null;
  #wake: (() => void) | null = null;

  constructor(id: number, scheduler: Scheduler) {
    this.id = id;
    this.#scheduler = scheduler;
  }

  kill(error: LoadError): void {
    this.#killedBy ??= error;
    this.#wake?.();
  }

  /** @throws LoadError with which the session was killed, if it was. */
  throwIfKilled(): void {
    if (this.#killedBy !== null) throw this.#killedBy;
  }

  /** Lets virtual time pass. @throws LoadError when the session is killed meanwhile. */
  async takeTime(ms: number): Promise<void> {
    this.throwIfKilled();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#scheduler.after(ms, resolve);
    });
    this.#wake = null;
    this.throwIfKilled();
  }

  /** Waits for something that another session does, at most `limitMs` (0: for ever). @returns false when it did not come. */
  async waitFor(isThere: () => boolean, { limitMs }: { limitMs: number }): Promise<boolean> {
    const until = limitMs === 0 ? Number.POSITIVE_INFINITY : this.#scheduler.now + limitMs;
    while (!isThere()) {
      if (this.#scheduler.now >= until) return false;
      await this.takeTime(Math.min(LOOK_MS, until - this.#scheduler.now));
    }
    return true;
  }
}

/** How soon a session sees that a lock is free. */
const LOOK_MS = 50;

/** What a statement is told when its time is over. */
export function timedOut(what: string): LoadError {
  return new LoadError('statement-cancelled', `the statement timeout was reached while waiting for ${what}`, {
    class: 'transient',
  });
}
