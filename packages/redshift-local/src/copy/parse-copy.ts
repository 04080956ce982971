import { type CopyOptions, LoadError, parseCopyOptions } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import { type QualifiedName, TokenCursor } from '../sql/token-cursor.ts';

/** A COPY as it was written. */
export interface CopyStatement {
  readonly table: QualifiedName;
  /** Lower case, in the order of the fields; undefined: all columns of the table. */
  readonly columns: readonly string[] | undefined;
  /** The address behind FROM. */
  readonly from: string;
  readonly options: CopyOptions;
}

/**
 * Reads a COPY statement.
 *
 * @throws RedshiftError 42601 when it is not one; for an option, with the way out in `detail`.
 */
export function parseCopy(sql: string): CopyStatement {
  const cursor = new TokenCursor(sql);
  cursor.expect('copy');
  const table = cursor.qualifiedName();
  const columns = cursor.isSymbol('(') ? cursor.identifierList() : undefined;
  cursor.expect('from');
  const from = cursor.string();
  const options = readOptions(cursor.rest());
  const twice = columns?.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new RedshiftError(`column "${twice}" specified more than once`, { sqlState: '42701' });
  }
  return { table, columns, from, options };
}

function readOptions(text: string): CopyOptions {
  try {
    return parseCopyOptions(text);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const detail = error.hint === undefined ? {} : { detail: error.hint };
    throw new RedshiftError(`invalid COPY options: ${error.message}`, {
      sqlState: '42601',
      cause: error,
      ...detail,
    });
  }
}
