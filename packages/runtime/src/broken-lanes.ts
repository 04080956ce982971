const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;
/** Broken turns in a row after which a run that should end gives up: about three seconds of trying. */
const HOPELESS_TURNS = 5;

interface Broken {
  readonly times: number;
  readonly error: unknown;
  readonly retry: NodeJS.Timeout;
}

/**
 * Lanes whose turns broke, by no fault of a file or the warehouse: they are looked at again, at growing intervals, and
 * told about once per condition.
 */
export class BrokenLanes {
  readonly #broken = new Map<string, Broken>();
  readonly #onError: (target: string, error: unknown) => void;
  readonly #look: (target: string) => void;
  #isStopped = false;

  constructor({
    onError,
    look,
  }: { onError: (target: string, error: unknown) => void; look: (target: string) => void }) {
    this.#onError = onError;
    this.#look = look;
  }

  broke(target: string, error: unknown): void {
    const before = this.#broken.get(target);
    clearTimeout(before?.retry);
    const times = (before?.times ?? 0) + 1;
    if (before === undefined || String(before.error) !== String(error)) this.#onError(target, error);
    const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(times - 1, 20));
    const retry = setTimeout(() => {
      if (!this.#isStopped) this.#look(target);
    }, delayMs);
    if (this.#isStopped) clearTimeout(retry);
    this.#broken.set(target, { times, error, retry });
  }

  mended(target: string): void {
    clearTimeout(this.#broken.get(target)?.retry);
    this.#broken.delete(target);
  }

  /** The error of the last turn; undefined when it did not break. */
  brokenBy(target: string): unknown {
    return this.#broken.get(target)?.error;
  }

  /** @throws the error of a lane that broke again and again. */
  throwIfHopeless(): void {
    for (const { times, error } of this.#broken.values()) if (times >= HOPELESS_TURNS) throw error;
  }

  /** The lanes that `throwIfHopeless` would throw for, with what breaks them. */
  hopeless(): ReadonlyMap<string, unknown> {
    const hopeless = [...this.#broken].filter(([, { times }]) => times >= HOPELESS_TURNS);
    return new Map(hopeless.map(([target, { error }]) => [target, error]));
  }

  /** Nothing is looked at any more. */
  stop(): void {
    this.#isStopped = true;
    for (const { retry } of this.#broken.values()) clearTimeout(retry);
  }
}
