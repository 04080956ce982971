import { ReaderConflictError } from '../copy/load-text.ts';
import { RedshiftError } from '../redshift-error.ts';
import { parseStatement } from '../sql/parse-statement.ts';
import { SESSION_VARIABLES } from '../translate/session-variables.ts';
import { Backend } from './backend.ts';
import type { EngineParts } from './engine-parts.ts';
import { type DataStatement, executeStatement } from './execute-statement.ts';
import { command, type Result } from './result.ts';
import { answerFromSession, type SessionFacts, valueFromSession, variablesOf } from './session-values.ts';
import type { SessionState } from './statement-context.ts';

/**
 * A connection to the engine, as a client of Redshift has one: one statement at a time, autocommit outside of
 * BEGIN … COMMIT, temporary tables and settings of its own.
 *
 * A statement that fails aborts the transaction: what follows is refused until ROLLBACK (or COMMIT, which then rolls
 * back). Locks are freed at the failure already.
 */
export class Session {
  readonly #backend: Backend;
  readonly #parts: EngineParts;
  readonly #state: SessionState;
  /** `none`: autocommit. `open`: between BEGIN and COMMIT. `aborted`: between a failure and the end of the block. */
  #block: 'none' | 'open' | 'aborted' = 'none';
  #running: AbortController | undefined;
  #isClosed = false;
  /** What DuckDB's variables hold: they do not follow transactions. */
  readonly #told = new Map<string, string>(Object.entries(SESSION_VARIABLES));
  #tail: Promise<unknown> = Promise.resolve();

  readonly #onClosed: () => void;

  constructor(parts: EngineParts, options: { user?: string; onClosed?: () => void } = {}) {
    this.#parts = parts;
    this.#onClosed = options.onClosed ?? (() => undefined);
    const user = options.user ?? 'awsuser';
    this.#backend = new Backend(parts, user);
    this.#state = {
      user,
      lastCopyCount: 0,
      lastCopyId: -1,
      lastUnloadCount: 0,
      lastUnloadId: -1,
      queryId: -1,
    };
  }

  /** What `pg_backend_pid()` tells. */
  get pid(): number {
    return this.#backend.pid;
  }

  /** Redshift's id of the last statement; -1 before the first. */
  get lastQueryId(): number {
    return this.#state.queryId;
  }

  /** Whether a BEGIN waits for its COMMIT. */
  get isInTransaction(): boolean {
    return this.#block !== 'none';
  }

  /**
   * Runs one statement. Statements of one session queue behind one another.
   *
   * @throws RedshiftError in Redshift's words. Outside of a transaction block nothing of the statement is kept then.
   */
  execute(sql: string): Promise<Result> {
    const result = this.#tail.then(() => this.#executeAgainIfLost(sql));
    // Whoever called hears of the failure through `result`; the queue goes on after it.
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Ends the running statement, if there is one: it fails with 57014. */
  cancel(): void {
    this.#running?.abort(
      new RedshiftError(`Query (${this.#state.queryId}) cancelled on user's request`, { sqlState: '57014' }),
    );
  }

  /** Cancels what runs, rolls back what is open, drops the temporary tables. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.cancel();
    await this.#tail;
    await this.#backend.close();
    this.#onClosed();
  }

  /** Outside of a block the whole transaction is this one statement, so that it can be run again here. */
  async #executeAgainIfLost(sql: string): Promise<Result> {
    const isWhole = this.#block === 'none';
    try {
      return await this.#execute(sql);
    } catch (error) {
      if (!isWhole || !(error instanceof ReaderConflictError)) throw error;
      return this.#execute(sql);
    }
  }

  async #execute(sql: string): Promise<Result> {
    if (this.#isClosed)
      throw new RedshiftError('the session is closed; open another one', { sqlState: '08003' });
    this.#state.queryId = this.#parts.nextQueryId();
    try {
      const statement = parseStatement(sql);
      if (statement.kind === 'begin' || statement.kind === 'commit' || statement.kind === 'rollback') {
        return await this.#control(statement.kind);
      }
      if (this.#block === 'aborted') {
        throw new RedshiftError(
          'current transaction is aborted, commands ignored until end of transaction block',
          {
            sqlState: '25P02',
          },
        );
      }
      const result = await this.#interruptible(() => this.#run(sql, statement));
      if (statement.kind === 'truncate') await this.#commit();
      else if (this.#block === 'none') await this.#commit();
      return result;
    } catch (error) {
      if (this.#block === 'open') this.#block = 'aborted';
      await this.#backend.rollback();
      throw error;
    }
  }

  async #run(sql: string, statement: DataStatement): Promise<Result> {
    const answer = answerFromSession(sql, this.#facts);
    if (answer !== undefined) return answer;
    const { filled, rest } = this.#fillValues(sql, statement);
    await this.#tellSession(rest);
    return executeStatement(filled, {
      backend: this.#backend,
      parts: this.#parts,
      state: this.#state,
      isInBlock: this.#block === 'open',
      call: (text) => this.#call(text),
    });
  }

  /** Puts what the session knows among the VALUES of an INSERT. `rest`: what may still ask for more. */
  #fillValues(sql: string, statement: DataStatement): { filled: DataStatement; rest: string } {
    if (statement.kind !== 'insert' || statement.source.kind !== 'rows') {
      return { filled: statement, rest: sql };
    }
    const facts = this.#facts;
    const rest: string[] = [];
    const fill = (text: string | undefined): string | undefined => {
      const value = text === undefined ? undefined : valueFromSession(text, facts);
      if (text !== undefined && value === undefined) rest.push(text);
      return value ?? text;
    };
    const rows = statement.source.rows.map((row) => row.map(fill));
    return { filled: { ...statement, source: { ...statement.source, rows } }, rest: rest.join(' ') };
  }

  /** A statement of a procedure: in the caller's transaction, which it may not end. */
  async #call(sql: string): Promise<Result> {
    const statement = parseStatement(sql);
    if (statement.kind === 'begin' || statement.kind === 'commit' || statement.kind === 'rollback') {
      throw new RedshiftError(
        `${statement.kind.toUpperCase()} in a procedure is not supported by redshift-local`,
        {
          sqlState: '0A000',
        },
      );
    }
    return this.#run(sql, statement);
  }

  /** BEGIN in a block and COMMIT outside of one are warnings in Redshift: nothing happens. */
  async #control(kind: 'begin' | 'commit' | 'rollback'): Promise<Result> {
    if (kind === 'begin') {
      if (this.#block === 'none') this.#block = 'open';
      return command('BEGIN');
    }
    const isLost = kind === 'rollback' || this.#block === 'aborted';
    if (isLost) {
      await this.#backend.rollback();
      this.#block = 'none';
      return command('ROLLBACK');
    }
    await this.#commit();
    return command('COMMIT');
  }

  async #commit(): Promise<void> {
    this.#block = 'none';
    await this.#backend.commit();
  }

  /**
   * Runs `work` under the statement timeout and within reach of `cancel`.
   *
   * DuckDB forgets an interrupt that comes between two of its statements, so it is repeated until the work has ended.
   */
  async #interruptible<T>(work: () => Promise<T>): Promise<T> {
    const running = new AbortController();
    this.#running = running;
    let repeat: NodeJS.Timeout | undefined;
    running.signal.addEventListener('abort', () => {
      this.#backend.interrupt();
      repeat = setInterval(() => this.#backend.interrupt(), INTERRUPT_EVERY_MS);
    });
    const { statementTimeoutMs } = this.#backend.settings;
    const timeout =
      statementTimeoutMs === 0 ? undefined : setTimeout(() => running.abort(timedOut()), statementTimeoutMs);
    try {
      this.#backend.beginStatement(running.signal);
      return await work();
    } catch (error) {
      throw running.signal.aborted ? running.signal.reason : error;
    } finally {
      clearTimeout(timeout);
      clearInterval(repeat);
      this.#running = undefined;
    }
  }

  get #facts(): SessionFacts {
    return { ...this.#state, pid: this.pid, database: this.#parts.database };
  }

  /**
   * Puts what the statement may ask of the session into DuckDB's variables. A view may ask without the statement
   * naming it: it sees what was last told.
   */
  async #tellSession(sql: string): Promise<void> {
    const news = [...variablesOf(sql, this.#facts)].filter(([name, value]) => this.#told.get(name) !== value);
    if (news.length === 0) return;
    await this.#backend.runAlone(news.map(([name, value]) => `SET VARIABLE ${name} = ${value}`).join('; '));
    for (const [name, value] of news) this.#told.set(name, value);
  }
}

const INTERRUPT_EVERY_MS = 20;

function timedOut(): RedshiftError {
  return new RedshiftError('canceling statement due to statement timeout', { sqlState: '57014' });
}
