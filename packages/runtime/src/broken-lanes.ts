const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;
/** Broken turns in a row after which a run that should end gives up: a second and a half of trying at least. */
const HOPELESS_TURNS = 5;

/** A lane whose turns break. */
export interface Broken {
  /** The first turn that broke, and those that were begun to look whether it still does. */
  readonly times: number;
  readonly since: number;
  /** Of the last turn. */
  readonly error: unknown;
}

interface Retried extends Broken {
  readonly retry: NodeJS.Timeout;
  /** The next turn is the one that was waited for. */
  readonly isDue: boolean;
}

/**
 * Lanes whose turns broke, by no fault of a file or the warehouse: they are looked at again, at growing intervals, and
 * told about once per condition.
 */
export class BrokenLanes {
  readonly #broken = new Map<string, Retried>();
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

  broke(target: string, { error, now }: { error: unknown; now: number }): void {
    const before = this.#broken.get(target);
    if (before === undefined || String(before.error) !== String(error)) this.#onError(target, error);
    // Whatever else looks at the lane meanwhile (each file that arrives) finds the same: it is not once more.
    if (before !== undefined && !before.isDue) {
      this.#broken.set(target, { ...before, error });
      return;
    }
    const times = (before?.times ?? 0) + 1;
    const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(times - 1, 20));
    const retry = setTimeout(() => this.#retry(target), delayMs);
    if (this.#isStopped) clearTimeout(retry);
    this.#broken.set(target, { times, since: before?.since ?? now, error, retry, isDue: false });
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
  hopeless(): ReadonlyMap<string, Broken> {
    return new Map([...this.#broken].filter(([, { times }]) => times >= HOPELESS_TURNS));
  }

  /** Nothing is looked at any more. */
  stop(): void {
    this.#isStopped = true;
    for (const { retry } of this.#broken.values()) clearTimeout(retry);
  }

  #retry(target: string): void {
    const broken = this.#broken.get(target);
    if (broken === undefined || this.#isStopped) return;
    this.#broken.set(target, { ...broken, isDue: true });
    this.#look(target);
  }
}
