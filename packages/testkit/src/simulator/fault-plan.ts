import type { Dice } from './dice.ts';

/** What happens to one call of a port. */
export type CallFault =
  | 'none'
  /** The worker dies, and the call is never made. */
  | 'die-before'
  /** The call has its effect, and the worker dies before it hears of it. */
  | 'die-after'
  /** The worker dies; its request is on the way, and has its effect later. */
  | 'die-in-flight'
  /** The call has its effect; the worker hears that nobody knows. */
  | 'lost-reply'
  /** Throttled: no effect, and the worker hears so. */
  | 'refused'
  /** The worker stands still: for seconds, or beyond its lease. */
  | 'stall';

/** What becomes of a statement that the warehouse has taken. */
export type StatementFate =
  | 'normal'
  | 'slow'
  /** Commits, and is not known afterwards. */
  | 'lost-commit'
  /** Is not known from the start, as if it had been aborted; runs on, and commits. */
  | 'aborted-alive'
  /** Is not known, and begins later: in seconds, or in minutes. */
  | 'zombie'
  /** Is rolled back, and not known afterwards. */
  | 'lost-rollback'
  /** Fails, for certain: for a reason that passes, or that a person has to mend. */
  | 'transient'
  | 'refused';

/** What becomes of a message: a notification, a wake, a completion event. */
export interface MessageFate {
  /** Delays in ms of every copy that arrives; none: it is lost. */
  readonly delaysMs: readonly number[];
}

export type FaultKind =
  | Exclude<CallFault, 'none'>
  | `statement-${Exclude<StatementFate, 'normal'>}`
  | 'message-lost'
  | 'message-twice'
  | 'message-late'
  | 'outage'
  | 'maintenance'
  | 'object-rewritten'
  | 'object-deleted'
  | 'external-writer';

interface Rates {
  readonly call: Readonly<Record<Exclude<CallFault, 'none'>, number>>;
  readonly statement: Readonly<Record<Exclude<StatementFate, 'normal'>, number>>;
  readonly slowCall: number;
  readonly lost: number;
  readonly twice: number;
  readonly late: number;
}

/** A place where a worker has not yet been in this seed gets this many times the faults: the rare ones are the bad ones. */
const FIRST_TIME = 8;
/** A worker that has claimed a lane and not yet sent its job stands still so much more often than elsewhere. */
const BEFORE_SENDING = 25;

/**
 * Which faults a seed has, and how many of each: some seeds have all of them, some hardly any of one kind. From `calm`
 * on there are none.
 */
export class FaultPlan {
  readonly counts = new Map<FaultKind, number>();
  readonly #dice: Dice;
  readonly #rates: Rates;
  #isCalm = false;

  /** @param isHarsh most statements end badly, and calls fail now and then: more would leave no job to end at all. */
  constructor(dice: Dice, { isHarsh }: { isHarsh: boolean }) {
    this.#dice = dice;
    const rate = (...choices: readonly number[]): number =>
      isHarsh ? Math.max(...choices) : dice.pick(choices);
    const callRate = (...choices: readonly number[]): number => (isHarsh ? 0.004 : dice.pick(choices));
    this.#rates = {
      call: {
        'die-before': callRate(0.003, 0.01, 0.03),
        'die-after': callRate(0.003, 0.01, 0.03),
        'die-in-flight': isHarsh ? 0.012 : callRate(0, 0, 0.003, 0.008),
        'lost-reply': callRate(0, 0.002, 0.008, 0.02),
        refused: callRate(0, 0.002, 0.01, 0.03),
        stall: callRate(0, 0.001, 0.004),
      },
      statement: {
        slow: rate(0, 0.05, 0.15),
        'lost-commit': rate(0, 0.05, 0.2),
        'aborted-alive': rate(0, 0.05, 0.2),
        zombie: rate(0, 0.05, 0.2),
        'lost-rollback': rate(0, 0.05),
        transient: rate(0, 0.05, 0.15),
        refused: rate(0, 0, 0.03),
      },
      slowCall: rate(0.02, 0.02, 0.15),
      // With most messages lost nothing happens, which hides more than it shows.
      lost: isHarsh ? 0.1 : rate(0, 0.05, 0.3, 0.8),
      twice: rate(0, 0.1, 0.4),
      late: rate(0, 0.1, 0.3),
    };
  }

  get isCalm(): boolean {
    return this.#isCalm;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** From now on everything works. What was on its way stays so. */
  calm(): void {
    this.#isCalm = true;
  }

  note(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** @param options `isBeforeSending`: the worker has claimed a lane, and the warehouse has not heard of its job. */
  ofCall({ isFirst, isBeforeSending }: { isFirst: boolean; isBeforeSending: boolean }): CallFault {
    const { stall } = this.#rates.call;
    const rates = isBeforeSending ? { ...this.#rates.call, stall: stall * BEFORE_SENDING } : this.#rates.call;
    const kinds = Object.entries(rates) as [Exclude<CallFault, 'none'>, number][];
    const kind = this.#draw(kinds, isFirst && !isBeforeSending ? FIRST_TIME : 1);
    if (kind !== undefined) this.note(kind);
    return kind ?? 'none';
  }

  /** A death that somebody aims at a call. */
  aimed(): CallFault {
    this.note('die-before');
    return 'die-before';
  }

  /** How long a call is under way, in ms, when nothing else is wrong with it. */
  latencyMs(): number {
    const dice = this.#dice;
    return !this.#isCalm && dice.chance(this.#rates.slowCall) ? dice.int(100, 3_000) : dice.int(1, 40);
  }

  ofStatement(): StatementFate {
    const kinds = Object.entries(this.#rates.statement) as [Exclude<StatementFate, 'normal'>, number][];
    const kind = this.#draw(kinds, 1);
    if (kind !== undefined) this.note(`statement-${kind}`);
    return kind ?? 'normal';
  }

  ofMessage(): MessageFate {
    const dice = this.#dice;
    const soon = (): number => dice.int(5, 400);
    if (this.#isCalm) return { delaysMs: [soon()] };
    if (dice.chance(this.#rates.lost)) {
      this.note('message-lost');
      return { delaysMs: [] };
    }
    const delaysMs = [soon()];
    if (dice.chance(this.#rates.late)) {
      this.note('message-late');
      delaysMs[0] = dice.int(1_000, 240_000);
    }
    if (dice.chance(this.#rates.twice)) {
      this.note('message-twice');
      delaysMs.push(dice.int(5, 120_000));
    }
    return { delaysMs };
  }

  #draw<K>(kinds: readonly (readonly [K, number])[], factor: number): K | undefined {
    if (this.#isCalm) return undefined;
    let left = this.#dice.next();
    for (const [kind, rate] of kinds) {
      left -= rate * factor;
      if (left < 0) return kind;
    }
    return undefined;
  }
}
