import { invalid } from '../api-error.ts';
import { findStatement } from './find-statement.ts';
import type { Operation } from './operation.ts';

/** Asks a statement to end as ABORTED. A batch is cancelled as a whole; one that is just committing may still finish. */
export const cancelStatement: Operation = async (api, { input }) => {
  const { statement, part } = findStatement(api, input.requiredText('Id'));
  if (part !== undefined)
    throw invalid('A statement of a batch cannot be cancelled alone; cancel the batch.');
  if (statement.hasEnded) {
    throw invalid(
      `Could not cancel a query that is already in ${statement.state} state with ID: ${statement.id}`,
    );
  }
  api.runner.cancel(statement);
  return { Status: true };
};
