import { setTimeout as pause } from 'node:timers/promises';
import { type OpenedHook, openLoadedHooks } from '@millrace/aws/webhook';
import {
  LoadError,
  type LoaderEvent,
  type MillraceConfig,
  type TableLoaded,
  toTableLoaded,
} from '@millrace/core';

export interface LoadedDeskOptions {
  readonly database: string;
  readonly now: () => number;
  readonly onError: (where: string, error: unknown) => void;
  /** @default 1000 */
  readonly firstRetryMs?: number;
}

/** What a receiver that is away may keep in memory; the oldest goes first. */
const MAX_WAITING = 1_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** Later nobody waits for it any more. */
const MAX_AGE_MS = 60 * 60_000;

interface Waiting {
  readonly load: TableLoaded;
  readonly at: number;
}

/** The loads that one receiver is still to be told of, the oldest first. */
interface Line {
  readonly hook: OpenedHook;
  readonly waiting: Waiting[];
  isBusy: boolean;
}

/**
 * Tells downstream of loads, beside the lanes: each receiver has a line of its own, in the order of the loads, and keeps no
 * lane and no other receiver waiting. A load is told once its proof is written down; a delivery whose answer was lost is
 * repeated under the same job. What waits here dies with the process.
 */
export class LoadedDesk {
  readonly #lines: readonly Line[];
  readonly #options: LoadedDeskOptions;
  readonly #busy = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(hooks: readonly OpenedHook[], options: LoadedDeskOptions) {
    this.#lines = hooks.map((hook) => ({ hook, waiting: [], isBusy: false }));
    this.#options = options;
  }

  hear(event: LoaderEvent): void {
    if (event.kind !== 'table-loaded' || this.#stop.signal.aborted) return;
    const load = toTableLoaded(event, this.#options.database);
    for (const line of this.#lines) {
      if (!line.hook.wants(load.target)) continue;
      line.waiting.push({ load, at: this.#options.now() });
      if (line.waiting.length > MAX_WAITING) this.#drop(line.hook, line.waiting.shift());
      if (line.isBusy) continue;
      line.isBusy = true;
      const work = this.#work(line).finally(() => {
        line.isBusy = false;
        this.#busy.delete(work);
      });
      this.#busy.add(work);
    }
  }

  /** Tells what waits, once more each, for some seconds at most. Nothing is told after it. */
  async stop({ withinMs }: { withinMs: number }): Promise<void> {
    const limit = new AbortController();
    const tooLong = pause(withinMs, undefined, { signal: limit.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#busy), tooLong]);
    limit.abort();
    this.#stop.abort();
    for (const { hook, waiting } of this.#lines) for (const one of waiting.splice(0)) this.#drop(hook, one);
  }

  async #work({ hook, waiting }: Line): Promise<void> {
    const { now, onError, firstRetryMs = FIRST_RETRY_MS } = this.#options;
    let retryMs = firstRetryMs;
    for (let next = waiting[0]; next !== undefined && !this.#stop.signal.aborted; next = waiting[0]) {
      try {
        await hook.send(next.load, { now: now() });
        retryMs = firstRetryMs;
      } catch (error) {
        const isPassing = error instanceof LoadError && error.class === 'transient';
        if (isPassing && now() - next.at < MAX_AGE_MS) {
          if (retryMs === firstRetryMs) onError(`telling ${hook.host}`, error);
          await pause(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
          retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
          continue;
        }
        onError(`telling ${hook.host}`, error);
      }
      // By identity: the oldest may have been dropped meanwhile.
      const at = waiting.indexOf(next);
      if (at >= 0) waiting.splice(at, 1);
    }
  }

  #drop({ host }: OpenedHook, dropped: Waiting | undefined): void {
    if (dropped === undefined) return;
    const { target, job } = dropped.load;
    const error = new LoadError('hook-dropped', `${host} was not told that job ${job} loaded ${target}`, {
      class: 'transient',
      hint: '`millrace jobs` lists it',
    });
    this.#options.onError(`telling ${host}`, error);
  }
}

/** Who is told of loads, as configuration says; undefined: nobody is. */
export function openLoadedDesk(
  { tableLoaded }: MillraceConfig,
  options: LoadedDeskOptions,
): LoadedDesk | undefined {
  if (tableLoaded.length === 0) return undefined;
  const onError = (error: unknown): void => options.onError('tableLoaded', error);
  return new LoadedDesk(openLoadedHooks(tableLoaded, { env: process.env, onError }), options);
}
