import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 30_000;

/** Does something again and again until it is closed: what reads a queue by long polling. */
export class ReceiveLoop {
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /**
   * @param receive ends early, without an error, when the signal says so.
   * @param onError told once per condition; the loop goes on, with growing pauses.
   */
  constructor(
    receive: (signal: AbortSignal) => Promise<void>,
    { onError }: { onError: (error: unknown) => void },
  ) {
    this.#ended = this.#run(receive, onError);
  }

  /** Resolves when what is in hand is done. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(
    receive: (signal: AbortSignal) => Promise<void>,
    onError: (error: unknown) => void,
  ): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    let told = '';
    while (!signal.aborted) {
      try {
        await receive(signal);
        failures = 0;
        told = '';
      } catch (error) {
        failures += 1;
        if (told !== String(error)) onError(error);
        told = String(error);
        const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
        await untilOver(pauseMs, signal);
      }
    }
  }
}

async function untilOver(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    // Only the end of the loop ends it early.
    if (!signal.aborted) throw error;
  }
}
