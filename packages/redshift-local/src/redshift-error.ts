/**
 * An error in Redshift's words, as a client of the warehouse would see it (without the `ERROR: ` that drivers put
 * before it). `sqlState` is PostgreSQL's five characters, XX000 when Redshift has no better one.
 */
export class RedshiftError extends Error {
  readonly sqlState: string;
  readonly detail: string | undefined;
  /** Of a batch: the statement that failed, once it is known which. */
  statement: string | undefined;

  constructor(message: string, options: { sqlState?: string; detail?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RedshiftError';
    this.sqlState = options.sqlState ?? 'XX000';
    this.detail = options.detail;
  }
}
