import { RedshiftError } from '../redshift-error.ts';
import type { Statement } from '../sql/statement.ts';
import type { StatementContext } from './execute-statement.ts';
import type { Result } from './result.ts';

type ForeignStatement = Extract<
  Statement,
  { kind: 'copy' | 'unload' | 'create-procedure' | 'drop-procedure' | 'call' }
>;

/** Statements whose work is done in other folders: COPY, UNLOAD, procedures. */
export async function executeForeign(
  statement: ForeignStatement,
  _context: StatementContext,
): Promise<Result> {
  throw new RedshiftError(`${statement.kind.toUpperCase()} is not supported by redshift-local`, {
    sqlState: '0A000',
  });
}
