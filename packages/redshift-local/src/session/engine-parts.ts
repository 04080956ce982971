import type { ObjectStore } from '@millrace/core';
import type { Catalog } from '../catalog/catalog.ts';
import type { SystemLogStore } from '../system/open-system-log.ts';
import type { LockTable } from './lock-table.ts';
import type { SpareConnection } from './spare-connection.ts';

/** What all sessions of one engine share. */
export interface EngineParts {
  readonly database: string;
  readonly catalog: Catalog;
  readonly locks: LockTable;
  readonly objects: ObjectStore;
  readonly now: () => number;
  readonly log: SystemLogStore;
  /** Below it every COPY gets a directory of its own. */
  readonly spoolRoot: string;
  readonly connections: SpareConnection;
  readonly nextQueryId: () => number;
  readonly nextTransactionId: () => number;
  readonly nextPid: () => number;
  /** The table whose commit a test asked to fail, when `written` has it; asked for once. */
  readonly takeInjectedConflict: (written: ReadonlySet<string>) => string | undefined;
}
