import type { SqsWakeQueue } from '@millrace/aws/sqs';
import type { WakeSource } from './adapters.ts';
import { ReceiveLoop } from './receive-loop.ts';

const WAIT_SECONDS = 20;

/** Wakes that a queue tells. */
export class QueuedWakes implements WakeSource {
  readonly #queue: SqsWakeQueue;
  readonly #onError: (error: unknown) => void;
  #loop: ReceiveLoop | undefined;

  constructor(queue: SqsWakeQueue, { onError }: { onError: (error: unknown) => void }) {
    this.#queue = queue;
    this.#onError = onError;
  }

  start(onDue: (targets: readonly string[]) => void): void {
    this.#loop = new ReceiveLoop(
      async (signal) => {
        const wakes = await this.#queue.receive({ waitSeconds: WAIT_SECONDS, signal });
        if (wakes.length > 0) onDue([...new Set(wakes.map(({ target }) => target))]);
      },
      { onError: this.#onError },
    );
  }

  /** The queue tells by itself. */
  look(): void {}

  async stop(): Promise<void> {
    await this.#loop?.close();
  }
}
