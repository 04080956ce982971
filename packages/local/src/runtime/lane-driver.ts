import { setTimeout } from 'node:timers/promises';
import { type AdvanceOutcome, advance, type Loader, settle } from '@millrace/core';

const FINISH_POLL_MS = 20;
/** Broken turns in a row after which a run that should end gives up. */
const MAX_BROKEN_TURNS = 5;

/**
 * Turns lanes: one turn of a lane at a time, another one after it when something happened meanwhile. What a queue
 * and a function per message do on AWS, on one machine.
 */
export class LaneDriver {
  readonly #loader: Loader;
  readonly #onError: (target: string, error: unknown) => void;
  readonly #onTurned: () => void;
  readonly #turning = new Map<string, { again: boolean; done: Promise<void> }>();
  readonly #overBudget = new Set<string>();
  readonly #urgent = new Set<string>();
  /** Lanes whose last turns broke, by no fault of a file or the warehouse, and how often in a row. */
  readonly #broken = new Map<string, { times: number; error: unknown }>();
  #isDraining = false;
  #isFinishing = false;
  #isStopped = false;

  constructor(
    loader: Loader,
    { onError, onTurned }: { onError: (target: string, error: unknown) => void; onTurned: () => void },
  ) {
    this.#loader = loader;
    this.#onError = onError;
    this.#onTurned = onTurned;
  }

  /** From now on what waits is due. */
  drain(): void {
    this.#isDraining = true;
  }

  /**
   * No further job begins. Waits for the jobs in hand, at most `withinMs`: one that takes longer is rolled back when
   * the warehouse closes, and its files wait for the next start.
   */
  async finish({ withinMs }: { withinMs: number }): Promise<void> {
    this.#isFinishing = true;
    const until = this.#loader.now() + withinMs;
    while (this.#loader.now() < until) {
      const lanes = await this.#loader.tracker.lanes();
      const inHand = lanes.filter(({ state }) => state.kind === 'submitting' || state.kind === 'running');
      if (inHand.length === 0) break;
      for (const { target } of inHand) this.look(target);
      await setTimeout(FINISH_POLL_MS);
    }
    this.#isStopped = true;
    await Promise.all([...this.#turning.values()].map(({ done }) => done));
  }

  /**
   * What breaks a lane again and again: nothing that waiting would mend. @throws that error.
   */
  throwIfBroken(): void {
    for (const { times, error } of this.#broken.values()) if (times >= MAX_BROKEN_TURNS) throw error;
  }

  get isTurning(): boolean {
    return this.#turning.size > 0;
  }

  /**
   * Something happened to the lane: look at it now, or right after the look that is under way. `isUrgent`: somebody
   * waits for what the lane has, so all of it is due, whatever its freshness.
   */
  look(target: string, { isUrgent = false }: { isUrgent?: boolean } = {}): void {
    if (this.#isStopped) return;
    if (isUrgent) this.#urgent.add(target);
    const turning = this.#turning.get(target);
    if (turning) {
      turning.again = true;
      return;
    }
    const turn = { again: false, done: Promise.resolve() };
    this.#turning.set(target, turn);
    turn.done = this.#turn(target, turn);
  }

  async #turn(target: string, turn: { again: boolean }): Promise<void> {
    do {
      turn.again = false;
      try {
        const settled = await settle(this.#loader, target);
        if (settled.kind === 'loaded' || settled.kind === 'retrying' || settled.kind === 'held')
          this.#makeRoom(target);
        if (!this.#isFinishing) this.#note(target, await this.#advance(target));
      } catch (error) {
        this.#onError(target, error);
      }
    } while (turn.again && !this.#isStopped);
    this.#turning.delete(target);
    this.#onTurned();
  }

  async #advance(target: string): Promise<AdvanceOutcome> {
    const outcome = await advance(this.#loader, target, {
      drain: this.#isDraining || this.#urgent.has(target),
    });
    if (outcome.kind === 'idle') this.#urgent.delete(target);
    return outcome;
  }

  #note(target: string, outcome: AdvanceOutcome): void {
    if (outcome.kind === 'over-budget') this.#overBudget.add(target);
    else this.#overBudget.delete(target);
  }

  /** A job ended: lanes that waited for its place look again. */
  #makeRoom(target: string): void {
    for (const waiting of this.#overBudget) if (waiting !== target) this.look(waiting);
  }
}
