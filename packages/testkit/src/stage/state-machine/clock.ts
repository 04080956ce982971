/** The time of state machines and schedules, which may pass faster than the world's. */
export class Clock {
  readonly #secondMs: number;
  readonly #begunAt = Date.now();

  /** @param secondMs how many real milliseconds one second of it takes. */
  constructor(secondMs = 1_000) {
    this.#secondMs = secondMs;
  }

  now(): number {
    return this.#begunAt + ((Date.now() - this.#begunAt) * 1_000) / this.#secondMs;
  }

  /** Resolves when so many seconds have passed, or at once when it is aborted. */
  async pass(seconds: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, seconds * this.#secondMs);
      signal?.addEventListener('abort', done);
    });
  }
}
