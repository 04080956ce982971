import { randomUUID } from 'node:crypto';
import type { RedshiftLocal } from '../engine.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { Session } from '../session/session.ts';
import { ApiError } from './api-error.ts';
import type { DataSession, SessionPool } from './data-session.ts';
import { type Caller, DataStatement, type StatementRequest } from './data-statement.ts';
import { Execution, type ExecutionHooks } from './execution.ts';
import type { Limits } from './limits.ts';
import type { StatementStore } from './statement-store.ts';

interface Pending {
  readonly execution: Execution;
  readonly dataSession: DataSession | undefined;
}

export interface RunnerOptions {
  readonly engine: RedshiftLocal;
  readonly store: StatementStore;
  readonly sessions: SessionPool;
  readonly limits: Limits;
  readonly hooks: ExecutionHooks;
  readonly now: () => number;
  /** Called once for every statement, when it has ended and its session is free. */
  readonly onEnded: (statement: DataStatement) => void;
}

/** Whom a statement runs as when the caller names nobody: Redshift's first superuser. */
const DEFAULT_USER = 'awsuser';

/**
 * Runs statements, each on a session of its own or on a kept one; when `limits.runningStatements` run, the others wait
 * their turn as SUBMITTED.
 */
export class StatementRunner {
  readonly #options: RunnerOptions;
  readonly #waiting: Pending[] = [];
  readonly #running = new Map<string, Execution>();
  readonly #runs = new Set<Promise<void>>();
  #sequence = 0;
  #isClosed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /**
   * Takes a statement; it runs by itself.
   *
   * @throws ApiError `ActiveStatementsExceededException` when too many have not ended.
   */
  submit(request: StatementRequest, dataSession?: DataSession): DataStatement {
    const { store, limits, now, hooks } = this.#options;
    if (store.activeCount >= limits.activeStatements) {
      throw new ApiError(
        'ActiveStatementsExceededException',
        `Active statements exceeded the allowed quota (${limits.activeStatements})`,
      );
    }
    this.#sequence += 1;
    const statement = new DataStatement(request, { id: randomUUID(), sequence: this.#sequence, now: now() });
    store.add(statement);
    if (dataSession !== undefined) {
      dataSession.current = statement;
      dataSession.updatedAt = now();
      statement.sessionId = dataSession.id;
    }
    const openSession = (): Session => this.#openSession(request.caller, dataSession);
    const execution = new Execution(statement, { openSession, limits, hooks, now });
    this.#waiting.push({ execution, dataSession });
    this.#startNext();
    return statement;
  }

  /** Ends a statement as ABORTED, unless it has committed by the time it hears of it. */
  cancel(statement: DataStatement): void {
    this.#running.get(statement.id)?.cancel();
    const waiting = this.#waiting.find(({ execution }) => execution.statement === statement);
    if (waiting === undefined) return;
    waiting.execution.cancel();
    this.#start(waiting);
  }

  /** Ends everything that has not ended as FAILED, as a warehouse does that goes down; kept sessions end with it. */
  async terminateAll(): Promise<void> {
    for (const execution of this.#running.values()) execution.terminate();
    for (const waiting of [...this.#waiting]) {
      waiting.execution.terminate();
      this.#start(waiting);
    }
    for (const session of this.#options.sessions.all()) {
      if (session.current === undefined) await this.#options.sessions.close(session);
    }
    await this.idle();
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.terminateAll();
  }

  /** A statement of a kept session does not wait: it may hold the locks that the running ones wait for. */
  #startNext(): void {
    const { limits } = this.#options;
    for (const pending of [...this.#waiting]) {
      const isDue = this.#running.size < limits.runningStatements || pending.dataSession !== undefined;
      if (isDue) this.#start(pending);
    }
  }

  /** What has been killed while it waited is only brought to its end. */
  #start(pending: Pending): void {
    this.#waiting.splice(this.#waiting.indexOf(pending), 1);
    this.#running.set(pending.execution.statement.id, pending.execution);
    const run = this.#run(pending).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  async #run({ execution, dataSession }: Pending): Promise<void> {
    const { store, sessions, now } = this.#options;
    const { statement } = execution;
    await execution.run();
    store.noteEnd(statement);
    if (dataSession === undefined) {
      await execution.session?.close();
    } else {
      dataSession.current = undefined;
      dataSession.updatedAt = now();
      if (execution.isConnectionLost || dataSession.keepAliveSeconds === 0) await sessions.close(dataSession);
    }
    this.#running.delete(statement.id);
    this.#options.onEnded(statement);
    if (!this.#isClosed) this.#startNext();
  }

  /** @throws RedshiftError when the database is another one. */
  #openSession(caller: Caller, dataSession: DataSession | undefined): Session {
    const { engine } = this.#options;
    if (dataSession?.session !== undefined) return dataSession.session;
    if (caller.database !== engine.database) {
      throw new RedshiftError(`database "${caller.database}" does not exist`, { sqlState: '3D000' });
    }
    const session = engine.session({ user: caller.dbUser ?? DEFAULT_USER });
    if (dataSession !== undefined) dataSession.session = session;
    return session;
  }
}
