import { RedshiftError } from '../redshift-error.ts';

/** The error for what Redshift has and this one does not play. `what`: the statement's first words, in capitals. */
export function notSupported(what: string): RedshiftError {
  return new RedshiftError(`${what} is not supported by redshift-local`, { sqlState: '0A000' });
}
