import { setImmediate as afterMicrotasks } from 'node:timers/promises';
import type { EpochMs } from '@millrace/core';

interface TimedEvent {
  readonly at: EpochMs;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Virtual time. Everything that happens is an event at an instant; between two events every promise that can go on does,
 * so that a run depends on nothing but the order of its events.
 */
export class Scheduler {
  #now: EpochMs;
  #order = 0;
  readonly #heap: TimedEvent[] = [];
  readonly #outside = new Set<Promise<unknown>>();

  constructor(startAt: EpochMs) {
    this.#now = startAt;
  }

  get now(): EpochMs {
    return this.#now;
  }

  /** Clocks tell whole milliseconds: what is due within one happens at its end. */
  after(ms: number, run: () => void): void {
    this.#order += 1;
    push(this.#heap, { at: this.#now + Math.ceil(Math.max(0, ms)), order: this.#order, run });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Work of the real world (a database, say): the next event waits for its end, whenever that is. */
  outside<T>(work: Promise<T>): Promise<T> {
    this.#outside.add(work);
    const done = (): void => {
      this.#outside.delete(work);
    };
    work.then(done, done);
    return work;
  }

  /** Runs events until `isOver` says so, none is left, or the clock reaches `until`. */
  async run({ until, isOver }: { until: EpochMs; isOver: () => boolean }): Promise<void> {
    for (;;) {
      await this.#rest();
      if (isOver()) return;
      const next = this.#heap[0];
      if (next === undefined || next.at > until) {
        this.#now = Math.max(this.#now, until);
        return;
      }
      pop(this.#heap);
      this.#now = next.at;
      next.run();
    }
  }

  async #rest(): Promise<void> {
    await afterMicrotasks();
    while (this.#outside.size > 0) {
      await Promise.allSettled(this.#outside);
      await afterMicrotasks();
    }
  }
}

function isBefore(one: TimedEvent, other: TimedEvent): boolean {
  return one.at !== other.at ? one.at < other.at : one.order < other.order;
}

function push(heap: TimedEvent[], event: TimedEvent): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as TimedEvent;
    if (isBefore(above, event)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: TimedEvent[]): void {
  const last = heap.pop() as TimedEvent;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as TimedEvent, heap[child] as TimedEvent))
      child += 1;
    if (isBefore(last, heap[child] as TimedEvent)) break;
    heap[at] = heap[child] as TimedEvent;
    at = child;
  }
  heap[at] = last;
}
