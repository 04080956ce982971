import type { DuckDBConnection } from '@duckdb/node-api';
import type { ObjectStore } from '@millrace/core';
import type { TableInfo } from '../catalog/table-info.ts';
import type { SystemLog } from '../system/system-log.ts';

/** What a COPY or an UNLOAD is given by the session that runs it. */
export interface CopyContext {
  /** The session's connection, inside the transaction; the table's write lock is held. */
  readonly connection: DuckDBConnection;
  readonly objects: ObjectStore;
  readonly table: TableInfo;
  readonly log: SystemLog;
  /** Where spool files may be put: made when it is asked for, removed by the session. */
  readonly spoolDirectory: string;
  readonly now: () => number;
  /** Aborts when the statement is cancelled or timed out. */
  readonly signal: AbortSignal;
}
