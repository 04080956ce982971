import type { StatementRef } from '../lane/lane.ts';
import type { Dialect } from '../load/dialect.ts';
import type { LoadError } from '../recover/load-error.ts';
import type { TableColumn } from './table-column.ts';

export type { TableColumn } from './table-column.ts';

/** One transaction for the warehouse: its statements in order, all or nothing. */
export interface StatementBatch {
  /** `<db>/<schema>.<table>/<job>/<attempt>`: found again by it, also after a lost reply. */
  readonly name: string;
  /** The same token within its life (Data API: 8 hours) is the same submission, run once. At most 64 characters. */
  readonly clientToken: string;
  readonly statements: readonly string[];
}

export type StatementStatus =
  | { readonly state: 'running' }
  /** Committed. `copiedRows`: what the batch's `SELECT pg_last_copy_count()` told, where the warehouse tells. */
  | { readonly state: 'finished'; readonly copiedRows: number | null }
  /** Rolled back, for certain. */
  | { readonly state: 'failed'; readonly error: LoadError }
  /** The warehouse does not know the statement (any more): committed or not, only the receipts can tell. */
  | { readonly state: 'unknown' };

/** One row that COPY refused: what STL_LOAD_ERRORS or SYS_LOAD_ERROR_DETAIL tells. */
export interface CopyError {
  /** As the warehouse names it; may be cut to 256 bytes. */
  readonly fileUrl: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly rawValue: string | null;
  readonly code: number;
  readonly reason: string;
}

export type SqlValue = string | number | bigint | boolean | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** What one statement told. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly SqlRow[];
}

/**
 * The warehouse: runs transactions and answers questions. It knows nothing of lanes.
 *
 * Every method throws `LoadError`, already classified, when the warehouse could not be asked.
 */
export interface Warehouse {
  readonly dialect: Dialect;
  /** Resolves when the warehouse has taken the batch, not when it is done. */
  submit(batch: StatementBatch): Promise<StatementRef>;
  /**
   * What became of a statement.
   *
   * @param options `waitMs`: how long the caller would rather wait than hear `running`. A warehouse that cannot wait
   * answers at once, and one that can may wait less.
   */
  describe(statement: StatementRef, options?: { readonly waitMs?: number }): Promise<StatementStatus>;
  /** A statement by its name, whatever its state; undefined when the warehouse knows none. */
  find(name: string): Promise<StatementRef | undefined>;
  /** Asks for the statement's end. The caller looks with `describe` until it is terminal. */
  cancel(statement: StatementRef): Promise<void>;
  /** What COPY refused in that statement; empty when it tells nothing. */
  copyErrors(statement: StatementRef): Promise<readonly CopyError[]>;
  /** Runs statements as one transaction, waits for the end, returns the rows of the last one. */
  transact(statements: readonly string[]): Promise<readonly SqlRow[]>;
  /**
   * Runs one statement on its own, as a person would type it: not in a transaction, which some statements refuse.
   * One without rows answers with a single column, `result`, that says how it went.
   */
  query(sql: string): Promise<QueryResult>;
  /** The columns of `schema.table` in order; undefined when there is no such table. */
  describeTable(table: string): Promise<readonly TableColumn[] | undefined>;
  /** Makes look-ups by a column quick, where a sort key does not by itself. Repeated, it does nothing. */
  indexLookups?(table: string, column: string): Promise<void>;
}
