import { setTimeout as pause } from 'node:timers/promises';
import type { RedshiftLocal } from '../engine.ts';
import { ApiError, invalid } from './api-error.ts';
import { SessionPool } from './data-session.ts';
import type { Address, DataStatement, StatementPart } from './data-statement.ts';
import { faultHooks } from './fault-hooks.ts';
import type { Faults } from './faults.ts';
import type { Limits } from './limits.ts';
import { StatementRunner } from './statement-runner.ts';
import { StatementStore } from './statement-store.ts';

export interface DataApiOptions {
  readonly engine: RedshiftLocal;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly now: () => number;
  /** The only names that are known; with neither, any name is. */
  readonly cluster: string | undefined;
  readonly workgroup: string | undefined;
  readonly onEnded: (statement: DataStatement) => void;
}

/** What the operations work on: statements, sessions, and the warehouse behind them. */
export class DataApi {
  readonly engine: RedshiftLocal;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly store: StatementStore;
  readonly sessions: SessionPool;
  readonly runner: StatementRunner;
  readonly #options: DataApiOptions;
  readonly #waiters = new Map<string, number>();
  readonly #stop = new AbortController();

  constructor(options: DataApiOptions) {
    const { engine, limits, faults, now, onEnded } = options;
    this.#options = options;
    this.engine = engine;
    this.limits = limits;
    this.faults = faults;
    this.store = new StatementStore({ limits, now });
    this.sessions = new SessionPool({ limits, now });
    this.runner = new StatementRunner({
      engine,
      store: this.store,
      sessions: this.sessions,
      limits,
      hooks: faultHooks(faults),
      now,
      onEnded,
    });
  }

  /** @throws ApiError `ValidationException` when no warehouse of that name is known. */
  expectEndpoint({ clusterIdentifier, workgroupName }: Address): void {
    const { cluster, workgroup } = this.#options;
    if (cluster === undefined && workgroup === undefined) return;
    const isKnown =
      clusterIdentifier === undefined
        ? workgroupName === undefined || nameOfWorkgroup(workgroupName) === workgroup
        : clusterIdentifier === cluster;
    if (!isKnown) throw invalid("Redshift endpoint doesn't exist in this region.");
  }

  /**
   * Refuses what needs the warehouse while a fault keeps it away.
   *
   * @param exception what the operation has for failures of the warehouse.
   */
  expectWarehouse(exception: string): void {
    const { maintenance, pause: isPaused } = this.faults.settings;
    if (maintenance) {
      const message = 'Connection refused. The cluster is under maintenance; try again later.';
      throw new ApiError(exception, message, { status: 500, members: { StatementId: '' } });
    }
    if (isPaused) throw invalid('The cluster is paused. Resume it, and try again.');
  }

  /**
   * Returns when the statement, or the part of it that is `awaited`, has ended or `seconds` have passed; at once without
   * `seconds`.
   *
   * @throws ApiError `ActiveWaitingRequestsExceededException` when too many calls wait for this statement.
   */
  async waitFor(
    statement: DataStatement,
    seconds: number | undefined,
    awaited: DataStatement | StatementPart = statement,
  ): Promise<void> {
    if (seconds === undefined || awaited.hasEnded) return;
    const waiting = this.#waiters.get(statement.id) ?? 0;
    if (waiting >= this.limits.waitersPerStatement) {
      throw new ApiError(
        'ActiveWaitingRequestsExceededException',
        `${waiting} requests wait for statement ${statement.id} already; call without WaitTimeSeconds`,
      );
    }
    this.#waiters.set(statement.id, waiting + 1);
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.#stop.signal]);
    try {
      await Promise.race([awaited.ended, pause(seconds * 1000, undefined, { signal }).catch(ignoreAbort)]);
    } finally {
      timer.abort();
      const left = (this.#waiters.get(statement.id) ?? 1) - 1;
      if (left === 0) this.#waiters.delete(statement.id);
      else this.#waiters.set(statement.id, left);
    }
  }

  /** Ends every wait and every statement. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.runner.close();
    await this.sessions.closeAll();
  }
}

/** A workgroup can be named by its ARN too. */
function nameOfWorkgroup(text: string): string {
  return text.startsWith('arn:') ? (text.split('/').at(-1) ?? text) : text;
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
