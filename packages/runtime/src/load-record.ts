import type { EndedHold, LoadedMinute, LoaderEvent, LoadHistory } from '@millrace/core';

const MINUTE_MS = 60_000;
/** What is kept of the past: three hours, a point per minute in which something was loaded. */
const MAX_MINUTES = 180;
const MAX_HOLDS = 200;

type Minutes = Map<number, { jobs: number; files: number; bytes: number; rows: number }>;

/**
 * What this process remembers of its own loads and of holds that are over: bounded, in memory, and gone with the process.
 * Nothing is decided by it.
 */
export class LoadRecord {
  readonly #startedAt: number;
  readonly #all: Minutes = new Map();
  readonly #byTarget = new Map<string, Minutes>();
  readonly #holds: EndedHold[] = [];
  /** Lanes that are held, and since when. */
  readonly #open = new Map<string, { from: number; why: string }>();
  #outage: { from: number; why: string } | undefined;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  hear(event: LoaderEvent): void {
    switch (event.kind) {
      case 'table-loaded':
        this.#close(event.target, event.at);
        this.#count(event);
        return;
      case 'lane-held': {
        const from = this.#open.get(event.target)?.from ?? event.at;
        this.#open.set(event.target, { from, why: event.reason });
        return;
      }
      case 'job-submitted':
        this.#close(event.target, event.at);
        return;
      case 'warehouse-held':
        this.#outage = { from: event.since, why: event.reason };
        return;
      case 'warehouse-back':
        this.#keep({
          kind: 'outage',
          target: null,
          from: event.since,
          to: event.at,
          why: this.#outage?.why ?? 'the warehouse was away',
        });
        this.#outage = undefined;
        return;
      default:
        return;
    }
  }

  get endedHolds(): readonly EndedHold[] {
    return this.#holds;
  }

  /** @param target null: all targets together */
  history(target: string | null, now: number): LoadHistory {
    const minutes = target === null ? this.#all : (this.#byTarget.get(target) ?? new Map());
    const oldest = minuteOf(now) - (MAX_MINUTES - 1) * MINUTE_MS;
    return {
      since: new Date(Math.max(this.#startedAt, oldest)).toISOString(),
      minutes: [...(minutes as Minutes)]
        .filter(([at]) => at >= oldest)
        .map(([at, sums]): LoadedMinute => ({ at: new Date(at).toISOString(), ...sums })),
    };
  }

  #count(event: Extract<LoaderEvent, { kind: 'table-loaded' }>): void {
    let own = this.#byTarget.get(event.target);
    if (own === undefined) {
      own = new Map();
      this.#byTarget.set(event.target, own);
    }
    const at = minuteOf(event.at);
    for (const minutes of [this.#all, own]) {
      const sums = minutes.get(at) ?? { jobs: 0, files: 0, bytes: 0, rows: 0 };
      sums.jobs += 1;
      sums.files += event.job.files;
      sums.bytes += event.job.bytes;
      sums.rows += event.rows ?? 0;
      minutes.set(at, sums);
      const [first] = minutes.keys();
      if (minutes.size > MAX_MINUTES && first !== undefined) minutes.delete(first);
    }
  }

  #close(target: string, to: number): void {
    const open = this.#open.get(target);
    this.#open.delete(target);
    if (open !== undefined) this.#keep({ kind: 'hold', target, ...open, to });
  }

  #keep(hold: EndedHold): void {
    this.#holds.push(hold);
    if (this.#holds.length > MAX_HOLDS) this.#holds.shift();
  }
}

function minuteOf(at: number): number {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
}
