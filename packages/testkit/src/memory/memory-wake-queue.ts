import type { EpochMs, WakeQueue } from '@millrace/core';

/** A wake queue for tests and simulations: wakes are taken by whoever holds the (virtual) clock. */
export class MemoryWakeQueue implements WakeQueue {
  readonly #instantsByTarget = new Map<string, Set<EpochMs>>();

  async wake(target: string, wakeAt: EpochMs): Promise<void> {
    const instants = this.#instantsByTarget.get(target) ?? new Set<EpochMs>();
    this.#instantsByTarget.set(target, instants.add(wakeAt));
  }

  /** Takes the wakes that are due by `now` and returns their targets, each once, the longest due first. */
  async takeDue(now: EpochMs): Promise<string[]> {
    const due = new Map<string, EpochMs>();
    for (const [target, instants] of this.#instantsByTarget) {
      for (const wakeAt of instants) {
        if (wakeAt > now) continue;
        due.set(target, Math.min(wakeAt, due.get(target) ?? wakeAt));
        instants.delete(wakeAt);
      }
      if (instants.size === 0) this.#instantsByTarget.delete(target);
    }
    return [...due.keys()].sort((a, b) => (due.get(a) ?? 0) - (due.get(b) ?? 0) || (a < b ? -1 : 1));
  }

  /** When the next wake is due; null when none is left. */
  async nextWakeAt(): Promise<EpochMs | null> {
    let next: EpochMs | null = null;
    for (const instants of this.#instantsByTarget.values()) {
      for (const wakeAt of instants) next = next === null ? wakeAt : Math.min(next, wakeAt);
    }
    return next;
  }
}
