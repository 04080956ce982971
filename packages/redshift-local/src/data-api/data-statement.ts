import type { ResultColumn, Value } from '../session/result.ts';
import type { Identity } from './authenticate.ts';
import type { SqlParameter } from './read-input.ts';

/** As the Data API names them. `ABORTED`: cancelled by the caller. */
export type StatementState = 'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED';
export type EndState = 'FINISHED' | 'FAILED' | 'ABORTED';

export const STATEMENT_STATES = ['SUBMITTED', 'PICKED', 'STARTED', 'FINISHED', 'FAILED', 'ABORTED'] as const;

/** The warehouse that a caller named: at most one of the two. */
export interface Address {
  readonly clusterIdentifier?: string;
  readonly workgroupName?: string;
}

/** Whom a statement runs for, and where. */
export interface Caller {
  readonly identity: Identity;
  readonly address: Address;
  readonly database: string;
  readonly dbUser?: string;
  readonly secretArn?: string;
}

/** What was asked for. `one`: ExecuteStatement; the other two: the execution modes of BatchExecuteStatement. */
export interface StatementRequest {
  readonly mode: 'one' | 'transaction' | 'auto-commit';
  readonly caller: Caller;
  /** As they came. */
  readonly sqls: readonly string[];
  readonly parameters?: readonly SqlParameter[];
  readonly name?: string;
  readonly withEvent: boolean;
  readonly resultFormat: 'JSON' | 'CSV';
}

/** The rows of a query, and how many bytes they have. */
export interface StatementResult {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly Value[])[];
  readonly bytes: number;
}

/** One SQL text of a statement: all of ExecuteStatement's, or one of a batch. */
export class StatementPart {
  readonly sql: string;
  readonly createdAt: number;
  updatedAt: number;
  state: StatementState = 'SUBMITTED';
  startedAt: number | undefined;
  endedAt: number | undefined;
  error: string | undefined;
  queryId: number | undefined;
  /** Rows that were returned or changed. */
  rowCount: number | undefined;
  /** Rows of a query, until retention takes them. */
  result: StatementResult | undefined;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  readonly #markEnded: () => void;

  constructor(sql: string, now: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.sql = sql;
    this.createdAt = now;
    this.updatedAt = now;
    this.ended = promise;
    this.#markEnded = resolve;
  }

  get hasEnded(): boolean {
    return isEnd(this.state);
  }

  /** Its turn has come; perhaps for the second time, when the whole batch is run again. */
  begin(now: number): void {
    this.startedAt = now;
    this.error = undefined;
    this.result = undefined;
    this.move('STARTED', now);
  }

  move(state: StatementState, now: number): void {
    this.state = state;
    this.updatedAt = now;
    if (!isEnd(state)) return;
    this.endedAt = now;
    this.#markEnded();
  }

  get hasResultSet(): boolean {
    return this.result !== undefined;
  }
}

/**
 * A statement of the Data API: its way from `SUBMITTED` to an end, which it reaches once.
 *
 * The parts of a batch move on their own; the statement's own state is that of the whole.
 */
export class DataStatement {
  readonly id: string;
  /** Grows from statement to statement: the order of lists. */
  readonly sequence: number;
  readonly request: StatementRequest;
  readonly parts: readonly StatementPart[];
  readonly createdAt: number;
  /** Resolves when the statement has ended. */
  readonly ended: Promise<void>;
  updatedAt: number;
  state: StatementState = 'SUBMITTED';
  startedAt: number | undefined;
  error: string | undefined;
  /** The pid of the engine's session; 0 until one runs it. */
  pid = 0;
  /** The session that is kept for later statements, if one was asked for. */
  sessionId: string | undefined;
  readonly #markEnded: () => void;

  constructor(
    request: StatementRequest,
    { id, sequence, now }: { id: string; sequence: number; now: number },
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.id = id;
    this.sequence = sequence;
    this.request = request;
    this.parts = request.sqls.map((sql) => new StatementPart(sql, now));
    this.createdAt = now;
    this.updatedAt = now;
    this.ended = promise;
    this.#markEnded = resolve;
  }

  get isBatch(): boolean {
    return this.request.mode !== 'one';
  }

  get hasEnded(): boolean {
    return isEnd(this.state);
  }

  pick(now: number): void {
    this.#move('PICKED', now);
  }

  start(pid: number, now: number): void {
    this.pid = pid;
    this.startedAt = now;
    this.#move('STARTED', now);
  }

  /** Does nothing to a statement that has ended already. */
  end(state: EndState, { error, now }: { error?: string | undefined; now: number }): void {
    if (this.hasEnded) return;
    this.error = error;
    this.#move(state, now);
    this.#markEnded();
  }

  #move(state: StatementState, now: number): void {
    this.state = state;
    this.updatedAt = now;
  }
}

export function isEnd(state: StatementState): state is EndState {
  return state === 'FINISHED' || state === 'FAILED' || state === 'ABORTED';
}
