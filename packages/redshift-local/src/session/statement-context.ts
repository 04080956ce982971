import type { Backend } from './backend.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Result } from './result.ts';

/** What a session remembers for the functions that tell of it. */
export interface SessionState {
  readonly user: string;
  lastCopyCount: number;
  lastCopyId: number;
  lastUnloadCount: number;
  lastUnloadId: number;
  queryId: number;
}

/** What a statement is given by the session that runs it. */
export interface StatementContext {
  readonly backend: Backend;
  readonly parts: EngineParts;
  readonly state: SessionState;
  /** Between BEGIN and COMMIT. */
  readonly isInBlock: boolean;
  /** Runs another statement in the same transaction: what a procedure does. */
  readonly call: (sql: string) => Promise<Result>;
}
