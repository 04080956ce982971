import type { TellReport } from '@millrace/core';

export interface ChannelTellerOptions {
  /** Tells the channel what it does not know yet; no delivery begins after `withinMs`. */
  readonly tell: (withinMs: number) => Promise<TellReport>;
  /** How the last turn went: what kept the channel from being told, or undefined. */
  readonly onTurned: (error: unknown) => void;
}

/** After something happened: what comes with it (a hundred files of one job) is told as one condition. */
const GATHER_MS = 500;
/** After a delivery failed; doubled each time up to the longest. */
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** No delivery begins later in one turn. */
const TURN_MS = 30_000;

/**
 * When one channel is told: soon after something happened, and again at growing intervals after a delivery failed. Every
 * channel has its own, so that one that hangs or is away takes no time of the others.
 */
export class ChannelTeller {
  readonly #options: ChannelTellerOptions;
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;
  #isPending = false;
  #failures = 0;
  #isStopped = false;

  constructor(options: ChannelTellerOptions) {
    this.#options = options;
  }

  /** Looks soon; several calls are one look. */
  look(): void {
    if (this.#isStopped) return;
    this.#isPending = true;
    if (this.#timer !== undefined || this.#telling !== undefined) return;
    const retryMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.#turn(), this.#failures === 0 ? GATHER_MS : retryMs);
  }

  /** Tells what is still to be told, and nothing after it. @param isNews whether something happened just now. */
  async stop({ withinMs, isNews }: { withinMs: number; isNews: boolean }): Promise<void> {
    this.#isStopped = true;
    this.#isPending ||= isNews;
    clearTimeout(this.#timer);
    await this.#telling;
    if (this.#isPending) await this.#tell(withinMs);
  }

  async #turn(): Promise<void> {
    this.#timer = undefined;
    this.#telling = this.#tell(TURN_MS);
    await this.#telling;
    this.#telling = undefined;
    if (this.#isPending) this.look();
  }

  async #tell(withinMs: number): Promise<void> {
    this.#isPending = false;
    try {
      const { undelivered, left } = await this.#options.tell(withinMs);
      const [failed] = undelivered;
      this.#failures = failed === undefined ? 0 : this.#failures + 1;
      this.#isPending ||= left > 0;
      this.#options.onTurned(failed?.error);
    } catch (error) {
      this.#failures += 1;
      this.#isPending = true;
      this.#options.onTurned(error);
    }
  }
}
