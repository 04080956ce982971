import {
  type CopyError,
  type Dialect,
  LoadError,
  type QueryResult,
  type SqlRow,
  type StatementBatch,
  type StatementRef,
  type StatementStatus,
  type TableColumn,
  type Warehouse,
} from '@millrace/core';
import type { Dice } from './dice.ts';
import type { Engine, EngineEvents } from './engine.ts';
import type { FaultPlan, StatementFate } from './fault-plan.ts';
import type { Scheduler } from './scheduler.ts';
import { Session } from './session.ts';
import type { Story } from './story.ts';

/** What checkers and deliveries are told. */
export interface StatementEvents {
  readonly onSubmitted: (ref: StatementRef) => void;
  readonly eventsOf: (ref: StatementRef) => EngineEvents;
  /** The client hears that the statement was aborted, whatever is true. */
  readonly onReported: (ref: StatementRef) => void;
  /** Over, one way or the other; nobody who is told may rely on being told. */
  readonly onEnded: (ref: StatementRef) => void;
}

export interface SimulatedWarehouseOptions {
  readonly engine: Engine;
  /** The engine's, or one that lacks something. */
  readonly dialect: Dialect;
  readonly tokenOf: (batch: StatementBatch) => string;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly faults: FaultPlan;
  readonly story: Story;
  /** How long a client token is remembered (Data API: 8 hours). */
  readonly tokenLifeMs: number;
  /** How long a statement that ended is remembered (Data API: 24 hours). */
  readonly retentionMs: number;
  /** After how long a statement is found by its name: lists lag behind. */
  readonly listLagMs: number;
  readonly events: StatementEvents;
}

export interface Submission {
  readonly ref: StatementRef;
  readonly clientToken: string;
  readonly submittedAt: number;
  readonly fate: StatementFate;
  readonly session: Session;
  /** What is true of it. */
  status: StatementStatus;
  /** Described as unknown, whatever is true. */
  isForgotten: boolean;
  endedAt: number | null;
}

const KILLED_UNAVAILABLE = new LoadError('warehouse-unavailable', 'the warehouse went into maintenance', {
  class: 'unavailable',
});

/**
 * A warehouse that behaves as the Data API does on a bad day: statements queue, take long, die with a maintenance
 * window, commit while the client hears of an abort, begin long after everybody gave them up, and are forgotten.
 */
export class SimulatedWarehouse implements Warehouse {
  readonly dialect: Dialect;
  readonly #options: SimulatedWarehouseOptions;
  readonly #byId = new Map<string, Submission>();
  readonly #sessions = new Set<Session>();
  #lastId = 0;

  constructor(options: SimulatedWarehouseOptions) {
    this.#options = options;
    this.dialect = options.dialect;
  }

  /** Statements that are not over, whatever anybody is told. */
  get open(): readonly Submission[] {
    return [...this.#byId.values()].filter(({ endedAt }) => endedAt === null);
  }

  async submit(batch: StatementBatch): Promise<StatementRef> {
    const { scheduler, faults, tokenLifeMs, tokenOf, events, story } = this.#options;
    const now = scheduler.now;
    const clientToken = tokenOf(batch);
    for (const known of this.#byId.values()) {
      if (known.clientToken === clientToken && now < known.submittedAt + tokenLifeMs) return known.ref;
    }
    const session = this.#openSession();
    const submission: Submission = {
      ref: { name: batch.name, id: `statement-${session.id}` },
      clientToken,
      submittedAt: now,
      fate: faults.ofStatement(),
      session,
      status: { state: 'running' },
      isForgotten: false,
      endedAt: null,
    };
    this.#byId.set(submission.ref.id, submission);
    story.tell(() => `warehouse takes ${submission.ref.id} ${batch.name}: ${submission.fate}`);
    events.onSubmitted(submission.ref);
    void this.#run(submission, batch.statements);
    return submission.ref;
  }

  async describe({ id }: StatementRef): Promise<StatementStatus> {
    const known = this.#remembered(id);
    return known === undefined || known.isForgotten ? { state: 'unknown' } : known.status;
  }

  async find(name: string): Promise<StatementRef | undefined> {
    const listedBy = this.#options.scheduler.now - this.#options.listLagMs;
    const all = [...this.#byId.values()].filter(
      ({ ref, submittedAt }) => ref.name === name && submittedAt <= listedBy && this.#remembered(ref.id),
    );
    return all.at(-1)?.ref;
  }

  async cancel({ id }: StatementRef): Promise<void> {
    this.#byId
      .get(id)
      ?.session.kill(
        new LoadError('statement-cancelled', 'the statement was cancelled', { class: 'transient' }),
      );
  }

  async copyErrors({ id }: StatementRef): Promise<readonly CopyError[]> {
    const known = this.#byId.get(id);
    return known === undefined ? [] : this.#options.engine.copyErrors(known.session);
  }

  async transact(statements: readonly string[]): Promise<readonly SqlRow[]> {
    const session = this.#openSession();
    try {
      return (await this.#options.engine.run(statements, { session, events: {} })).rows;
    } finally {
      this.#sessions.delete(session);
    }
  }

  async query(sql: string): Promise<QueryResult> {
    return { columns: ['result'], rows: await this.transact([sql]) };
  }

  describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    return this.#options.engine.describeTable(table);
  }

  /** Maintenance: whatever runs is rolled back; of half of it nobody can say so. */
  killAll(): void {
    for (const submission of this.open) submission.isForgotten ||= this.#options.dice.chance(0.5);
    for (const session of this.#sessions) session.kill(KILLED_UNAVAILABLE);
  }

  /** The process that the warehouse lives in dies: its transactions are rolled back, and it knows nothing any more. */
  forgetAll(): void {
    this.killAll();
    for (const submission of this.#byId.values()) submission.endedAt ??= this.#options.scheduler.now;
    this.#byId.clear();
  }

  #openSession(): Session {
    this.#lastId += 1;
    const session = new Session(this.#lastId, this.#options.scheduler);
    this.#sessions.add(session);
    return session;
  }

  #remembered(id: string): Submission | undefined {
    const known = this.#byId.get(id);
    if (known === undefined) return undefined;
    const isOld =
      known.endedAt !== null && this.#options.scheduler.now > known.endedAt + this.#options.retentionMs;
    return isOld ? undefined : known;
  }

  async #run(submission: Submission, statements: readonly string[]): Promise<void> {
    const { engine, scheduler, events, story } = this.#options;
    const { ref, session, fate } = submission;
    try {
      await this.#begin(submission);
      const { copiedRows } = await engine.run(statements, { session, events: events.eventsOf(ref) });
      submission.status = { state: 'finished', copiedRows };
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      submission.status = { state: 'failed', error };
    }
    this.#sessions.delete(session);
    submission.endedAt = scheduler.now;
    if (fate === 'lost-commit') submission.isForgotten = true;
    story.tell(() => `${ref.id} is over: ${sayStatus(submission)}`);
    events.onEnded(ref);
  }

  /** Before the transaction begins: queueing, and what fate has in store. */
  async #begin(submission: Submission): Promise<void> {
    const { dice, scheduler } = this.#options;
    const { fate, session } = submission;
    const killWithin = (error: LoadError): void =>
      scheduler.after(dice.int(1, 3_000), () => session.kill(error));
    submission.isForgotten = fate === 'zombie' || fate === 'aborted-alive' || fate === 'lost-rollback';
    if (submission.isForgotten) {
      scheduler.after(dice.int(10, 1_500), () => this.#options.events.onReported(submission.ref));
    }
    switch (fate) {
      case 'slow':
        return session.takeTime(dice.int(10_000, 180_000));
      case 'zombie':
        return session.takeTime(dice.chance(0.6) ? dice.int(100, 15_000) : dice.int(15_000, 600_000));
      case 'lost-rollback':
        killWithin(new LoadError('connection-lost', 'the backend died', { class: 'unknown' }));
        return session.takeTime(1);
      case 'transient':
        killWithin(new LoadError('out-of-memory', 'out of memory', { class: 'transient' }));
        return session.takeTime(1);
      case 'refused':
        throw new LoadError('permission-denied', 'permission denied', { class: 'config' });
      case 'aborted-alive':
      case 'lost-commit':
      case 'normal':
        return session.takeTime(dice.int(1, 500));
    }
  }
}

function sayStatus({ status, isForgotten }: Submission): string {
  const state = status.state === 'failed' ? `failed ${status.error.code}` : status.state;
  return isForgotten ? `${state}, and nobody is told` : state;
}
