import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { type Json, StateError } from './definition.ts';

export interface WaitLimits {
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
  /** The end of the execution. */
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly succeed: (output: Json) => void;
  readonly fail: (error: StateError) => void;
  beat(): void;
}

/** Tasks that wait for their token to come back, and the tokens that were given out. */
export class TaskBook {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  readonly #closed = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  newToken(): string {
    return randomBytes(120).toString('base64url');
  }

  /** Resolves with the output that the token brings. `begin` is what the task does first; its failure is the task's. */
  async wait(token: string, limits: WaitLimits, begin: () => Promise<unknown>): Promise<Json> {
    const { timeoutSeconds, heartbeatSeconds, signal } = limits;
    const over = new AbortController();
    let heart = new AbortController();
    try {
      return await new Promise<Json>((resolve, reject) => {
        const late = (what: string): void => reject(new StateError('States.Timeout', what));
        const watch = async (): Promise<void> => {
          if (heartbeatSeconds === undefined) return;
          const mine = heart;
          await this.#clock.pass(heartbeatSeconds, AbortSignal.any([mine.signal, over.signal]));
          if (!mine.signal.aborted && !over.signal.aborted) late(`no heartbeat for ${heartbeatSeconds} s`);
        };
        this.#waiting.set(token, {
          succeed: resolve,
          fail: reject,
          beat: () => {
            heart.abort();
            heart = new AbortController();
            watch().catch(reject);
          },
        });
        const stop = (): void => reject(new StateError('States.Aborted', 'the execution was stopped'));
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop);
        watch().catch(reject);
        if (timeoutSeconds !== undefined) {
          this.#clock
            .pass(timeoutSeconds, over.signal)
            .then(() => over.signal.aborted || late(`not done within ${timeoutSeconds} s`))
            .catch(reject);
        }
        begin().catch(reject);
      });
    } finally {
      over.abort();
      this.#waiting.delete(token);
      this.#closed.add(token);
    }
  }

  /** `closed`: the task has timed out, its execution has ended, or it was answered before. */
  find(token: string): Waiting | 'closed' | undefined {
    return this.#waiting.get(token) ?? (this.#closed.has(token) ? 'closed' : undefined);
  }
}
