import { type ApiError, invalid, notFound } from '../api-error.ts';
import type { DataApi } from '../data-api.ts';
import type { DataStatement, StatementPart } from '../data-statement.ts';

const ID = /^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?$/u;

/** A statement, or with `id:n` the n-th part of a batch. */
export interface FoundStatement {
  readonly statement: DataStatement;
  readonly part: StatementPart | undefined;
}

/** @throws ApiError when `id` is not an id, or nothing has it. */
export function findStatement(api: DataApi, id: string): FoundStatement {
  if (!ID.test(id)) throw invalid(`id must satisfy regex pattern: ${ID.source}`);
  const [statementId = id, place] = id.split(':');
  const statement = api.store.get(statementId);
  if (place === undefined) return { statement, part: undefined };
  const part = statement.isBatch ? statement.parts[Number(place) - 1] : undefined;
  if (part === undefined) throw notFound('Query does not exist.', id);
  return { statement, part };
}

/**
 * The part whose rows are asked for.
 *
 * @throws ApiError when a batch is named as a whole, or there are no rows (yet).
 */
export function findPartWithResult({ statement, part }: FoundStatement): StatementPart {
  if (part === undefined && statement.isBatch) {
    throw invalid('BatchExecuteStatement result can only be retrieved with sub-statement id.');
  }
  const asked = part ?? statement.parts[0];
  if (asked === undefined || !hasReadableResult(statement, asked)) throw noResult(statement.id);
  return asked;
}

/** The rows of a transaction are to be had when it has committed, those of a statement that commits alone at its end. */
export function hasReadableResult({ state, request }: DataStatement, part: StatementPart): boolean {
  const isCommitted = request.mode === 'auto-commit' ? part.state === 'FINISHED' : state === 'FINISHED';
  return isCommitted && part.hasResultSet;
}

function noResult(id: string): ApiError {
  return notFound('Query does not have result. Please check query status with DescribeStatement.', id);
}
