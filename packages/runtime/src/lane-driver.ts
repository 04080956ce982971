import { setTimeout as pause } from 'node:timers/promises';
import {
  type AdvanceOutcome,
  advance,
  type BrokenLane,
  type Lane,
  LoadError,
  type Loader,
  laneOfTarget,
  type SettleOutcome,
  settle,
} from '@millrace/core';
import { BrokenLanes } from './broken-lanes.ts';

const FINISH_POLL_MS = 20;

interface Turn {
  again: boolean;
  done: Promise<void>;
}

/**
 * Turns lanes: one turn of a lane at a time, another one after it when something happened meanwhile. What a queue
 * and a function per message do on AWS, on one machine.
 */
export class LaneDriver {
  readonly #loader: Loader;
  readonly #onTurned: () => void;
  readonly #turning = new Map<string, Turn>();
  /** Lanes that wait for a place on the warehouse, and their deadlines. */
  readonly #overBudget = new Map<string, number>();
  readonly #urgent = new Set<string>();
  readonly #broken: BrokenLanes;
  /** Jobs that ended. When it moved while a lane was told that there is no place, there may be one. */
  #ended = 0;
  #isDraining = false;
  #isFinishing = false;
  #isStopped = false;

  constructor(
    loader: Loader,
    { onError, onTurned }: { onError: (target: string, error: unknown) => void; onTurned: () => void },
  ) {
    this.#loader = loader;
    this.#onTurned = onTurned;
    this.#broken = new BrokenLanes({ onError, look: (target) => this.look(target) });
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
    // A turn that began before may be about to submit: its job is in hand too.
    await this.#turnsDone();
    const until = this.#loader.now() + withinMs;
    while (this.#loader.now() < until) {
      const lanes = await this.#loader.tracker.lanes();
      const inHand = lanes.filter((lane) => this.#isInHand(lane));
      if (inHand.length === 0) break;
      for (const { target } of inHand) this.look(target);
      await pause(FINISH_POLL_MS);
    }
    this.#isStopped = true;
    this.#broken.stop();
    await this.#turnsDone();
  }

  /** What keeps a lane from being looked at, as the last turns found it; undefined for a lane that turns. */
  brokenBy(target: string): unknown {
    return this.#broken.brokenBy(laneOfTarget(this.#loader.targets, target));
  }

  /** What breaks a lane again and again: nothing that waiting would mend. @throws that error. */
  throwIfBroken(): void {
    this.#broken.throwIfHopeless();
  }

  /** The lanes that broke again and again, and why, for people. */
  brokenAgainAndAgain(): ReadonlyMap<string, BrokenLane> {
    return new Map(
      [...this.#broken.hopeless()].map(([target, { times, since, error }]) => {
        const reason = error instanceof LoadError ? error.sentence : String(error);
        return [target, { times, since, reason }];
      }),
    );
  }

  get isTurning(): boolean {
    return this.#turning.size > 0;
  }

  /**
   * Something happened to the lane: look at it now, or right after the look that is under way. `isUrgent`: somebody
   * waits for what the lane has, so all of it is due, whatever its freshness.
   */
  look(name: string, { isUrgent = false }: { isUrgent?: boolean } = {}): void {
    // The targets of a group share a lane.
    const target = laneOfTarget(this.#loader.targets, name);
    if (this.#isStopped) return;
    if (isUrgent) this.#urgent.add(target);
    const turning = this.#turning.get(target);
    if (turning) {
      turning.again = true;
      return;
    }
    const turn: Turn = { again: false, done: Promise.resolve() };
    this.#turning.set(target, turn);
    turn.done = this.#turn(target, turn);
  }

  async #turn(target: string, turn: Turn): Promise<void> {
    do {
      turn.again = false;
      try {
        await this.#step(target, turn);
        this.#broken.mended(target);
      } catch (error) {
        this.#broken.broke(target, { error, now: this.#loader.now() });
      }
    } while (turn.again && !this.#isStopped);
    this.#turning.delete(target);
    this.#onTurned();
  }

  async #step(target: string, turn: Turn): Promise<void> {
    const settled = await settle(this.#loader, target);
    if (isEnd(settled)) {
      const inLine = this.#makeRoom(target);
      // They had to wait, so they come before the next job of the lane that had the place.
      if (inLine) {
        void inLine.then(() => this.look(target));
        return;
      }
    }
    if (this.#isFinishing) return;
    const endedBefore = this.#ended;
    const outcome = await this.#advance(target);
    if (isEnd(outcome)) void this.#makeRoom(target);
    if (outcome.kind !== 'over-budget') {
      this.#overBudget.delete(target);
      return;
    }
    this.#overBudget.set(target, outcome.deadlineAt);
    // The job that was in the way ended before this lane was among those that are told.
    if (this.#ended !== endedBefore) turn.again = true;
  }

  async #advance(target: string): Promise<AdvanceOutcome> {
    const outcome = await advance(this.#loader, target, {
      drain: this.#isDraining || this.#urgent.has(target),
    });
    if (outcome.kind === 'idle') this.#urgent.delete(target);
    return outcome;
  }

  /** The place of `target` is free. @returns when all lanes that waited for it have looked; undefined: none did. */
  #makeRoom(target: string): Promise<void> | undefined {
    this.#ended += 1;
    this.#overBudget.delete(target);
    if (this.#overBudget.size === 0) return undefined;
    const line = [...this.#overBudget].sort(([, one], [, other]) => one - other);
    return this.#lookInTurn(line.map(([waiting]) => waiting));
  }

  async #lookInTurn(targets: readonly string[]): Promise<void> {
    for (const target of targets) {
      this.look(target);
      await this.#turning.get(target)?.done;
    }
  }

  #isInHand({ target, state }: Lane): boolean {
    const isInHand = state.kind === 'submitting' || state.kind === 'running';
    // Of a lane that cannot be looked at nobody learns when its job ends.
    return isInHand && this.#loader.targets.has(target) && this.#broken.brokenBy(target) === undefined;
  }

  async #turnsDone(): Promise<void> {
    await Promise.all([...this.#turning.values()].map(({ done }) => done));
  }
}

/** Whether a lane's place on the warehouse is free again. */
function isEnd({ kind }: SettleOutcome | AdvanceOutcome): boolean {
  return kind === 'loaded' || kind === 'retrying' || kind === 'held';
}
