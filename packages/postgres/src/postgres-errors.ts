import { type ErrorClass, LoadError } from '@millrace/core';

/** What PostgreSQL says of an error beside its message (protocol, error fields). */
export interface ServerError extends Error {
  /** SQLSTATE; of errors of the connection the operating system's name: `ECONNRESET`. */
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Where it happened: `COPY cities, line 3, column id: "x"`. */
  readonly where?: string;
  readonly column?: string;
  readonly table?: string;
  readonly schema?: string;
  readonly severity?: string;
}

interface ErrorRule {
  /** The SQLSTATE, or how it begins. */
  readonly state?: RegExp;
  /** For what has no SQLSTATE, or needs more than it. */
  readonly pattern?: RegExp;
  readonly code: string;
  readonly class: ErrorClass;
  readonly hint?: string;
}

/** The only place that knows PostgreSQL's errors. First match wins; states: PostgreSQL documentation, appendix A. */
const RULES: readonly ErrorRule[] = [
  { pattern: /millrace:already-loaded/u, code: 'guard-already-loaded', class: 'guard' },
  { pattern: /millrace:before-horizon/u, code: 'guard-before-horizon', class: 'guard' },
  { pattern: /millrace:rewritten/u, code: 'guard-rewritten', class: 'guard' },
  { pattern: /millrace:superseded/u, code: 'guard-superseded', class: 'guard' },
  {
    pattern: /millrace:partition-shared/u,
    code: 'guard-partition-shared',
    class: 'guard',
    hint: 'two prefixes stand for the same rows: give each its own values, or one target each',
  },
  {
    pattern: /millrace:other-partition/u,
    code: 'other-partition',
    class: 'data',
    hint: 'a file of the partition has rows of another one: write them where they belong',
  },
  { pattern: /millrace:replaced/u, code: 'guard-replaced', class: 'guard' },
  { pattern: /millrace:void/u, code: 'guard-void', class: 'guard' },
  { pattern: /millrace:repeated-file/u, code: 'guard-repeated-file', class: 'guard' },

  { state: /^40001$/u, code: 'serialization-conflict', class: 'transient' },
  { state: /^40P01$/u, code: 'deadlock', class: 'transient' },
  { state: /^(?:57014|55P03|25P03)$/u, code: 'statement-cancelled', class: 'transient' },
  {
    state: /^53300$/u,
    code: 'too-many-connections',
    class: 'transient',
    hint: 'lower maxLoads, or find out who holds the connections',
  },
  { state: /^53100$/u, code: 'out-of-disk', class: 'transient', hint: 'free space on the server' },
  { state: /^53/u, code: 'out-of-memory', class: 'transient', hint: 'lower maxFiles or maxBytes' },

  // A server that is stopped, starts, or recovers; also a session that somebody ended.
  { state: /^57P0[1234]$/u, code: 'warehouse-unavailable', class: 'unavailable' },
  {
    state: /^25006$/u,
    code: 'warehouse-unavailable',
    class: 'unavailable',
    hint: 'the server is read-only: a standby, or being switched over',
  },
  { state: /^08/u, code: 'warehouse-unavailable', class: 'unavailable' },
  {
    state:
      /^(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN|ENOENT)$/u,
    code: 'warehouse-unavailable',
    class: 'unavailable',
  },
  {
    pattern:
      /^(?:Connection terminated|timeout expired|timeout exceeded when trying to connect|Client (?:has encountered a connection error|was closed)|Query read timeout)/u,
    code: 'warehouse-unavailable',
    class: 'unavailable',
  },

  {
    state: /^28/u,
    code: 'login-refused',
    class: 'config',
    hint: 'correct user and password of the warehouse, or pg_hba.conf',
  },
  {
    pattern: /password must be a string|no password supplied/iu,
    code: 'login-refused',
    class: 'config',
    hint: "add the password to the warehouse's url",
  },
  {
    pattern:
      /does not support SSL|self.signed certificate|unable to (?:verify|get)|certificate has expired/iu,
    code: 'tls-refused',
    class: 'config',
    hint: "correct sslmode and sslrootcert in the warehouse's url",
  },
  {
    state: /^3D000$/u,
    code: 'database-missing',
    class: 'config',
    hint: "correct the database in the warehouse's url",
  },
  {
    state: /^42501$/u,
    code: 'permission-denied',
    class: 'config',
    hint: 'grant it to the loader user: millrace grants',
  },
  { state: /^42P01$/u, code: 'table-missing', class: 'config', hint: 'create it by a migration' },
  {
    state: /^42703$/u,
    code: 'column-missing',
    class: 'config',
    hint: 'add it by a migration, or correct `columns`',
  },
  { state: /^3F000$/u, code: 'table-missing', class: 'config', hint: 'create the schema by a migration' },
  {
    state: /^21000$/u,
    code: 'merge-duplicates',
    class: 'config',
    hint: 'check that the key of the target is unique',
  },
  {
    state: /^(?:42|0A|22023|54)/u,
    code: 'sql-refused',
    class: 'config',
    hint: 'check the target and its table',
  },

  { state: /^23502$/u, code: 'data-null', class: 'data' },
  {
    state: /^23505$/u,
    code: 'data-unique',
    class: 'data',
    hint: 'load it by mode upsert or insert-only, or drop the constraint',
  },
  { state: /^23/u, code: 'data-constraint', class: 'data' },
  { state: /^22P04$/u, code: 'copy-data', class: 'data' },
  { state: /^22/u, code: 'data-value', class: 'data' },
];

/** Every lane's job begins by locking its lane: a `LOCK` that is cancelled has waited as long as it may. */
const LANE_LOCKED: Omit<ErrorRule, 'pattern' | 'state'> = {
  code: 'lane-locked',
  class: 'transient',
  hint: 'find who holds it in pg_locks, and end a session that is dead: SELECT pg_terminate_backend(pid)',
};
const IS_LOCK = /^\s*LOCK\b/iu;

/**
 * Classifies what PostgreSQL, or the connection to it, said. What no rule knows is transient: retries are bounded, and a
 * lane that used them up is held where people look; putting a good file aside would be worse.
 *
 * @param options `sql`: the statement that failed, where it is known.
 */
export function toLoadError(error: unknown, { sql = '' }: { sql?: string } = {}): LoadError {
  if (error instanceof LoadError) return error;
  const { message, code: state = '', detail } = asServerError(error);
  const known = RULES.find(
    ({ state: states, pattern }) => (states?.test(state) ?? true) && (pattern?.test(message) ?? true),
  );
  const rule = known?.code === 'statement-cancelled' && IS_LOCK.test(sql) ? LANE_LOCKED : known;
  const text = detail === undefined || detail === '' ? message : `${message} (${detail})`;
  if (rule === undefined) return new LoadError('warehouse-error', text, { class: 'transient', cause: error });
  const { code, class: errorClass, hint } = rule;
  return new LoadError(code, text, {
    class: errorClass,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A connection that broke while COMMIT was under way: the transaction may be there, and nobody was told. */
export function toUnknown(error: LoadError): LoadError {
  return new LoadError('connection-lost', `the connection was lost at COMMIT: ${error.message}`, {
    class: 'unknown',
    cause: error,
  });
}

/** What a thrown value says, whoever threw it. Several attempts to connect (IPv6, IPv4) fail together, with no text of their own. */
export function asServerError(error: unknown): ServerError {
  if (error instanceof AggregateError && error.errors.length > 0) return asServerError(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
}
