import { setTimeout as sleep } from 'node:timers/promises';
import type { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type {
  CopyError,
  Dialect,
  QueryResult,
  SqlRow,
  StatementBatch,
  StatementRef,
  StatementStatus,
  TableColumn,
  Warehouse,
} from '@millrace/core';
import { RedshiftDialect, toCopyError } from '@millrace/redshift';
import { checkBatch } from './check-batch.ts';
import { copyErrorsQuery, promisesCopyErrors } from './copy-errors.ts';
import { DataApi } from './data-api.ts';
import { findStatement } from './find-statement.ts';
import { readResult } from './read-result.ts';
import { runStatements } from './run-statements.ts';
import { tableColumnsQuery, toTableColumn } from './table-columns.ts';
import { toStatementState } from './to-statement-state.ts';
import type { WarehousePlace } from './warehouse-address.ts';

export interface DataApiWarehouseOptions extends WarehousePlace {
  /**
   * How long `transact` and `query` wait before they cancel what they run. A Lambda function should be done before.
   *
   * @default 600_000 - ten minutes
   */
  readonly timeoutMs?: number;
  /**
   * How long a call that AWS throttles is repeated, beyond what the SDK does.
   *
   * @default 8_000
   */
  readonly patienceMs?: number;
  readonly now?: () => number;
}

const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_PATIENCE_MS = 8_000;

/**
 * Redshift's logs are written a little after what they tell of. Without its row a bad file is found by halving the job,
 * which takes many jobs: two seconds are cheaper.
 */
const COPY_ERROR_LOOKS = 3;
const COPY_ERROR_PAUSE_MS = 1_000;

/** Ids of the Data API. A lane may carry another warehouse's, which the Data API would call malformed. */
const STATEMENT_ID = /^[a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12}$/u;

/**
 * Amazon Redshift through its Data API: clusters and serverless workgroups.
 *
 * `submit`, `describe` and `find` are a call each, so that a function that only submits is done in milliseconds.
 * `describe` with `waitMs` waits in the call, up to 30 s; the client's request timeout, if it has one, must be longer.
 */
export class DataApiWarehouse implements Warehouse {
  readonly dialect: Dialect = new RedshiftDialect();
  readonly #api: DataApi;
  readonly #options: DataApiWarehouseOptions;

  /** @throws LoadError `warehouse-address` (class `config`) when both a secret and a database user are given. */
  constructor(client: RedshiftDataClient, options: DataApiWarehouseOptions) {
    this.#api = new DataApi(client, { patienceMs: DEFAULT_PATIENCE_MS, ...options });
    this.#options = options;
  }

  /** Sends the batch as one transaction; EventBridge hears of its end. */
  async submit(batch: StatementBatch): Promise<StatementRef> {
    checkBatch(batch, this.dialect);
    const { id } = await this.#api.batch({ ...batch, withEvent: true, waitSeconds: 0 });
    return { name: batch.name, id };
  }

  async describe({ id }: StatementRef, { waitMs = 0 }: { waitMs?: number } = {}): Promise<StatementStatus> {
    if (!STATEMENT_ID.test(id)) return { state: 'unknown' };
    const described = await this.#api.describe(id, waitMs / 1_000);
    if (described === undefined) return { state: 'unknown' };
    const state = toStatementState(described);
    switch (state.kind) {
      case 'running':
        return { state: 'running' };
      case 'open':
        return { state: 'unknown' };
      case 'failed':
        return { state: 'failed', error: state.error };
      case 'finished':
        return { state: 'finished', copiedRows: await this.#readCount(state.countId) };
    }
  }

  find(name: string): Promise<StatementRef | undefined> {
    return findStatement(this.#api, name);
  }

  async cancel({ id }: StatementRef): Promise<void> {
    if (STATEMENT_ID.test(id)) await this.#api.cancel(id);
  }

  async copyErrors({ id }: StatementRef): Promise<readonly CopyError[]> {
    if (!STATEMENT_ID.test(id)) return [];
    const described = await this.#api.describe(id, 0);
    if (!described?.RedshiftPid || !described.CreatedAt) return [];
    const { RedshiftPid: pid, CreatedAt: startedAt, UpdatedAt: endedAt = startedAt } = described;
    const question = copyErrorsQuery(this.#options.address, { pid, startedAt, endedAt });
    const isPromised = promisesCopyErrors(toStatementState(described));
    for (let look = 1; ; look += 1) {
      const rows = await this.transact([question]);
      if (rows.length > 0 || !isPromised || look >= COPY_ERROR_LOOKS) return rows.map(toCopyError);
      await sleep(COPY_ERROR_PAUSE_MS);
    }
  }

  async transact(statements: readonly string[]): Promise<readonly SqlRow[]> {
    const { id, hasRows } = await this.#run(statements);
    return hasRows ? (await readResult(this.#api, id)).rows : [];
  }

  async query(sql: string): Promise<QueryResult> {
    const { id, hasRows, rows } = await this.#run([sql]);
    if (hasRows) return readResult(this.#api, id);
    return { columns: ['result'], rows: [{ result: rows > 0 ? `finished, ${rows} rows` : 'finished' }] };
  }

  async describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    const rows = await this.transact([tableColumnsQuery(table)]);
    return rows.length === 0 ? undefined : rows.map(toTableColumn);
  }

  #run(statements: readonly string[]): ReturnType<typeof runStatements> {
    const { database, timeoutMs = DEFAULT_TIMEOUT_MS, now = Date.now } = this.#options;
    const batch = { name: `${database}/millrace`, clientToken: '', statements };
    checkBatch(batch, this.dialect);
    return runStatements(this.#api, statements, { name: batch.name, timeoutMs, now });
  }

  /** What COPY counted; null when the Data API does not keep the result any more. */
  async #readCount(countId: string | undefined): Promise<number | null> {
    if (countId === undefined) return null;
    const page = await this.#api.result(countId, undefined);
    const count = page?.Records?.[0]?.[0];
    const value = count?.longValue ?? count?.stringValue;
    return value === undefined ? null : Number(value);
  }
}
