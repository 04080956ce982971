import type { CopyError, Dialect, SqlRow, TableColumn } from '@millrace/core';
import type { Session } from './session.ts';
import type { Row } from './table-store.ts';

/** How a transaction ended that committed. */
export interface Committed {
  /** Of its last statement. */
  readonly rows: readonly SqlRow[];
  readonly copiedRows: number | null;
}

/** An object as COPY read it. */
export interface CopiedObject {
  readonly url: string;
  readonly etag: string;
  readonly rows: readonly Row[];
}

/** What an engine tells of while it runs a transaction: what the checkers go by. */
export interface EngineEvents {
  /** The transaction holds the lock of this lane-lock table, or would, were there a lock. */
  readonly onLocked?: (lock: string) => void;
  /** COPY has read this object. */
  readonly onCopied?: (object: CopiedObject) => void;
  /** The commit is done; nobody has been told yet. */
  readonly onCommitted?: () => void;
}

/**
 * What runs transactions under the simulated warehouse: the model, or a real engine with real SQL. Statement ids, tokens,
 * lost replies and zombies are the warehouse's, not the engine's.
 */
export interface Engine {
  readonly dialect: Dialect;
  /** @throws LoadError, rolled back then; nothing of it is seen by anybody. */
  run(statements: readonly string[], options: { session: Session; events: EngineEvents }): Promise<Committed>;
  describeTable(table: string): Promise<readonly TableColumn[] | undefined>;
  /** What COPY refused in that session. */
  copyErrors(session: Session): Promise<readonly CopyError[]>;
  /** A table with the columns of a lake file. */
  createTable(table: string): Promise<void>;
  /** All rows of a table, as committed. For checkers. */
  rowsOf(table: string): Promise<readonly Row[]>;
}
