import type { DescribeStatementCommandOutput, SubStatementData } from '@aws-sdk/client-redshift-data';
import { LoadError } from '@millrace/core';
import { toLoadError } from '@millrace/redshift';

/** What a description says of a statement. */
export type StatementState =
  | { readonly kind: 'running' }
  /** Committed. `countId`: the part of the batch whose result is the number of rows that COPY read. */
  | { readonly kind: 'finished'; readonly countId: string | undefined; readonly last: StatementResult }
  /** Rolled back, for certain. */
  | { readonly kind: 'failed'; readonly error: LoadError }
  /** Over for the client; whether it committed, only the receipts can tell. */
  | { readonly kind: 'open'; readonly error: LoadError };

/** The last statement's result: where it is, if it has one, and how many rows it made. */
export interface StatementResult {
  readonly id: string;
  readonly hasRows: boolean;
  readonly rows: number;
}

const COUNTS_COPY = /^\s*SELECT\s+pg_last_copy_count\s*\(\s*\)/iu;

/** The guard casts a text to an integer, which fails with this when the cast runs on a compute node. */
const FAILED_CAST = /Invalid digit|invalid input syntax/iu;
const IS_GUARD = /'millrace:already-loaded'/u;

/**
 * Reads a description. `ABORTED` is not taken for a rollback: a statement that was cancelled, or that the Data API gave
 * up, may have reached its COMMIT, and users have seen such ones commit.
 */
export function toStatementState(described: DescribeStatementCommandOutput): StatementState {
  const parts = described.SubStatements ?? [];
  switch (described.Status) {
    case 'FINISHED': {
      const last = parts.at(-1) ?? described;
      const count = parts.find(({ QueryString }) => COUNTS_COPY.test(QueryString ?? ''));
      return {
        kind: 'finished',
        countId: count?.HasResultSet === false ? undefined : count?.Id,
        last: { id: last.Id ?? '', hasRows: last.HasResultSet === true, rows: last.ResultRows ?? -1 },
      };
    }
    case 'FAILED': {
      const error = readError(described, parts);
      return error.class === 'unknown' ? { kind: 'open', error } : { kind: 'failed', error };
    }
    case 'ABORTED':
      return {
        kind: 'open',
        error: new LoadError(
          'statement-aborted',
          described.Error || `statement ${described.Id} was cancelled`,
          {
            class: 'unknown',
          },
        ),
      };
    default:
      return { kind: 'running' };
  }
}

/** The failed part says what happened; the batch itself speaks when it failed at its COMMIT, or was not started. */
function readError(described: DescribeStatementCommandOutput, parts: readonly SubStatementData[]): LoadError {
  const failed = parts.find(({ Status }) => Status === 'FAILED');
  const error = toLoadError(
    failed?.Error || described.Error || `statement ${described.Id} failed without a reason`,
    { sql: failed?.QueryString },
  );
  const isGuard = IS_GUARD.test(failed?.QueryString ?? '') && FAILED_CAST.test(error.message);
  // A compute node names the first character of what it could not cast, not the text that tells why.
  if (isGuard && error.class !== 'guard') {
    return new LoadError('guard-already-loaded', error.message, { class: 'guard', cause: error });
  }
  return error;
}
