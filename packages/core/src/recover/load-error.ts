/**
 * What a failure means for the work, whatever the vendor called it.
 *
 * - `transient`: try again, with backoff.
 * - `unavailable`: the warehouse is away; wait, spend no attempt.
 * - `data`: a file is bad; find it, put it aside, load the rest.
 * - `gone`: an object is not there any more.
 * - `config`: a person has to mend rights, tables or settings.
 * - `guard`: the transaction refused itself, because its receipts say that it must not commit.
 * - `unknown`: nobody knows whether the transaction committed; the receipts do.
 * - `usage`: the caller asked for something that cannot be.
 */
export type ErrorClass =
  | 'transient'
  | 'unavailable'
  | 'data'
  | 'gone'
  | 'config'
  | 'guard'
  | 'unknown'
  | 'usage';

export interface LoadErrorOptions {
  readonly class?: ErrorClass;
  /** What to do about it, as a sentence's second half. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A failure, classified once at the edge.
 *
 * `name` is `LoadError.<code>`, made from the code and not from the class: Step Functions' `ErrorEquals` matches that
 * exact string, and bundlers rename classes. Across bundles compare `code`, not `instanceof`.
 */
export class LoadError extends Error {
  readonly code: string;
  readonly class: ErrorClass;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: LoadErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.class = options.class ?? 'usage';
    this.hint = options.hint;
    this.name = `LoadError.${code}`;
  }

  /** The message with its way out: what command lines and logs show. */
  get sentence(): string {
    return this.hint === undefined ? this.message : `${this.message}; ${this.hint}`;
  }
}
