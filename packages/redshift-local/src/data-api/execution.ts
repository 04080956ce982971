import { setImmediate as turn } from 'node:timers/promises';
import { ReaderConflictError } from '../copy/load-text.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { Result, RowsResult } from '../session/result.ts';
import type { Session } from '../session/session.ts';
import type { DataStatement, EndState, StatementPart, StatementResult } from './data-statement.ts';
import type { Limits } from './limits.ts';
import { substituteParameters } from './substitute-parameters.ts';
import { connectionTerminated, toErrorText } from './to-error-text.ts';

/** What may go wrong around the statements of an execution: the seam at which faults are put in. */
export interface ExecutionHooks {
  /** Before a statement of SQL is run. Whatever it throws ends the statement. */
  beforePart(execution: Execution, place: { sql: string; index: number; count: number }): Promise<void>;
  /** Between the last statement and the COMMIT. */
  beforeCommit(execution: Execution): Promise<void>;
  /** The rows are kept; what it throws is only what the caller hears. */
  afterCommit(execution: Execution): void;
}

export interface ExecutionOptions {
  /** Called when it is the statement's turn: opens a session, or gives the one that is kept. */
  readonly openSession: () => Session;
  readonly limits: Limits;
  readonly hooks: ExecutionHooks;
  readonly now: () => number;
}

/**
 * One run of a statement on a session of the engine, from `PICKED` to its end.
 *
 * It never rejects: how it ended is in the statement. The session is the caller's to close.
 */
export class Execution {
  readonly statement: DataStatement;
  readonly #options: ExecutionOptions;
  /** Ends the waits of hooks when the execution is killed. */
  readonly #stop = new AbortController();
  #session: Session | undefined;
  #isConnectionLost = false;
  #killedBy: { readonly error: RedshiftError; readonly state: EndState } | undefined;

  constructor(statement: DataStatement, options: ExecutionOptions) {
    this.statement = statement;
    this.#options = options;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  /** Whether the connection is lost with the statement: its session cannot be used again. */
  get isConnectionLost(): boolean {
    return this.#isConnectionLost;
  }

  /** On the caller's wish: ends as ABORTED, unless it has committed by then. */
  cancel(): void {
    const error = new RedshiftError("Query cancelled on user's request", { sqlState: '57014' });
    this.#kill({ error, state: 'ABORTED' });
  }

  /** By the warehouse: ends as FAILED, unless it has committed by then. */
  terminate(): void {
    this.#kill({ error: connectionTerminated(), state: 'FAILED' });
  }

  /** Aborts when the execution is killed: for what waits. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  #kill(by: { error: RedshiftError; state: EndState }): void {
    if (this.statement.hasEnded || this.#killedBy !== undefined) return;
    this.#killedBy = by;
    this.#stop.abort(by.error);
    this.#session?.cancel();
    // Nothing runs yet: there is nobody who would hear of it later.
    if (this.#session === undefined) this.#end(by.state, toErrorText(by.error));
  }

  async run(): Promise<void> {
    const { statement } = this;
    const { now } = this.#options;
    if (statement.hasEnded) return;
    statement.pick(now());
    // The call is answered first: nothing can come to rely on a statement that starts with its call.
    await turn();
    if (statement.hasEnded) return;
    try {
      const session = this.#options.openSession();
      this.#session = session;
      statement.start(session.pid, now());
      const failure = await this.#runParts(session);
      this.#end(failure === undefined ? 'FINISHED' : 'FAILED', failure);
    } catch (error) {
      const cause = this.#killedBy?.error ?? error;
      this.#isConnectionLost = cause instanceof RedshiftError && /^(?:08|57P)/u.test(cause.sqlState);
      this.#end(this.#killedBy?.state ?? 'FAILED', this.#textOf(cause));
    }
  }

  /** Of a batch that is committed statement by statement, what failed in it; everything else that fails is thrown. */
  async #runParts(session: Session): Promise<string | undefined> {
    const { request, parts } = this.statement;
    if (request.mode === 'auto-commit') return this.#runEach(session);
    const [only] = parts;
    if (request.mode === 'one' && only !== undefined) {
      await this.#runOne(session, { part: only, index: 0 });
      return undefined;
    }
    // A kept session may have begun the transaction before: what it did then cannot be done again here.
    const isWhole = !session.isInTransaction && !parts.some(({ sql }) => mayCommit(sql));
    try {
      await this.#runTransaction(session);
    } catch (error) {
      // Nothing of it was kept. Once is enough: the reader is changed then.
      if (!isWhole || !(error instanceof ReaderConflictError)) throw error;
      await this.#runTransaction(session);
    }
    return undefined;
  }

  /** On its own the statement is its own commit: what forbids that keeps it from running, which looks the same. */
  async #runOne(session: Session, { part, index }: Place): Promise<void> {
    const { hooks } = this.#options;
    const commits = session.isInTransaction ? isCommit(part.sql) : writes(part.sql);
    await this.#runPart(session, { part, index, commits });
    if (commits) hooks.afterCommit(this);
  }

  async #runEach(session: Session): Promise<string | undefined> {
    const failures: string[] = [];
    for (const [index, part] of this.statement.parts.entries()) {
      try {
        await this.#runOne(session, { part, index });
      } catch (error) {
        if (this.#killedBy !== undefined) throw error;
        failures.push(`Query #${index + 1} failed with ${toErrorText(error)}`);
      }
    }
    return failures.length === 0 ? undefined : failures.join('\n');
  }

  async #runTransaction(session: Session): Promise<void> {
    try {
      for (const [index, part] of this.statement.parts.entries()) {
        if (!session.isInTransaction) await session.execute('BEGIN');
        await this.#runPart(session, { part, index });
      }
      await this.#options.hooks.beforeCommit(this);
      this.#throwIfKilled();
      await session.execute('COMMIT');
    } catch (error) {
      // The next statement of a session that is kept is not to find this one's transaction.
      if (session.isInTransaction) await session.execute('ROLLBACK');
      throw error;
    }
    this.#options.hooks.afterCommit(this);
  }

  async #runPart(
    session: Session,
    { part, index, commits = false }: Place & { commits?: boolean },
  ): Promise<void> {
    const { now, hooks } = this.#options;
    const { request, parts } = this.statement;
    part.begin(now());
    try {
      this.#throwIfKilled();
      await hooks.beforePart(this, { sql: part.sql, index, count: parts.length });
      if (commits) await hooks.beforeCommit(this);
      this.#throwIfKilled();
      const result = await session.execute(substituteParameters(part.sql, request.parameters ?? []));
      this.#keep(part, result);
      part.queryId = session.lastQueryId;
      part.move('FINISHED', now());
    } catch (error) {
      const cause = this.#killedBy?.error ?? error;
      part.queryId = session.lastQueryId;
      part.error = toErrorText(cause);
      part.move(this.#killedBy?.state ?? 'FAILED', now());
      throw cause;
    }
  }

  #keep(part: StatementPart, result: Result): void {
    if (result.kind === 'rows') {
      part.result = toStatementResult(result, this.#options.limits);
      part.rowCount = result.rows.length;
    } else {
      part.rowCount = result.rowsAffected;
    }
  }

  /** A kill between two statements of SQL finds nothing to cancel. */
  #throwIfKilled(): void {
    if (this.#killedBy !== undefined) throw this.#killedBy.error;
  }

  #textOf(error: unknown): string {
    const text = toErrorText(error);
    const failed = this.statement.parts.findIndex((part) => part.error !== undefined);
    return this.statement.isBatch && failed >= 0 ? `Query #${failed + 1} failed with ${text}` : text;
  }

  #end(state: EndState, error: string | undefined): void {
    const now = this.#options.now();
    for (const part of this.statement.parts) {
      if (part.state === 'SUBMITTED') part.move('ABORTED', now);
    }
    this.statement.end(state, { error, now });
  }
}

/** A part, and which one it is. */
interface Place {
  readonly part: StatementPart;
  readonly index: number;
}

function isCommit(sql: string): boolean {
  return /^\s*(?:commit|end)\b/iu.test(sql);
}

/** Whether the statement may commit what came before it. Rather too often: a batch is then not run again. */
function mayCommit(sql: string): boolean {
  return /\b(?:commit|end|truncate|call)\b/iu.test(sql);
}

/** Whether a statement on its own changes anything, as far as its first word tells. */
function writes(sql: string): boolean {
  return !/^\s*(?:select|with|show|set|reset|explain|begin|start|rollback|abort)\b/iu.test(sql);
}

function toStatementResult({ columns, rows }: RowsResult, limits: Limits): StatementResult {
  let bytes = 0;
  for (const row of rows) {
    let rowBytes = 0;
    for (const value of row) rowBytes += value === null ? 0 : Buffer.byteLength(String(value));
    if (rowBytes > limits.rowBytes) {
      throw new RedshiftError(
        `Packet for query is too large (${rowBytes} > ${limits.rowBytes}). A row of a result can have ${limits.rowBytes} bytes; select fewer columns, or UNLOAD`,
      );
    }
    bytes += rowBytes;
  }
  if (bytes > limits.resultBytes) {
    throw new RedshiftError(
      `The result has ${bytes} bytes, more than the limit of ${limits.resultBytes}; add a LIMIT, or UNLOAD`,
    );
  }
  return { columns, rows, bytes };
}
