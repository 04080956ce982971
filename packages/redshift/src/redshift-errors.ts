import { type ErrorClass, LoadError } from '@millrace/core';

interface ErrorRule {
  readonly pattern: RegExp;
  readonly code: string;
  readonly class: ErrorClass;
  readonly hint?: string;
}

/**
 * The only place that knows how Redshift words its errors. First match wins; sources: AWS's documentation and error
 * reports of users of the Data API and of JDBC.
 */
const RULES: readonly ErrorRule[] = [
  { pattern: /millrace:already-loaded/u, code: 'guard-already-loaded', class: 'guard' },
  { pattern: /millrace:before-horizon/u, code: 'guard-before-horizon', class: 'guard' },
  { pattern: /millrace:rewritten/u, code: 'guard-rewritten', class: 'guard' },
  { pattern: /millrace:replaced/u, code: 'guard-replaced', class: 'guard' },
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
  { pattern: /millrace:void/u, code: 'guard-void', class: 'guard' },
  { pattern: /millrace:repeated-file/u, code: 'guard-repeated-file', class: 'guard' },

  // A manifest's mandatory entry that is missing, or a key that vanished while COPY read.
  { pattern: /Mandatory url is not present/iu, code: 'object-gone', class: 'gone' },
  {
    pattern: /The specified key does not exist|NoSuchKey|specified S3 prefix '.*' does not exist/iu,
    code: 'object-gone',
    class: 'gone',
  },

  {
    pattern: /decompress|not compressed with|unexpected end of file/iu,
    code: 'copy-compression',
    class: 'data',
    hint: 'write the file anew, or correct how the configuration says it is packed',
  },
  { pattern: /Check '(?:stl_load_errors|sys_load_error_detail)'/iu, code: 'copy-data', class: 'data' },
  {
    pattern: /Spectrum Scan Error|incompatible Parquet schema|not a (?:valid )?Parquet/iu,
    code: 'copy-data',
    class: 'data',
  },
  {
    pattern:
      /value too long for type|invalid input syntax|numeric (?:field|data) overflow|out of range|Invalid digit, Value/iu,
    code: 'data-value',
    class: 'data',
  },
  { pattern: /Cannot insert a NULL value into column/iu, code: 'data-null', class: 'data' },
  {
    pattern: /Found multiple matches to update the same tuple/iu,
    code: 'merge-duplicates',
    class: 'config',
    hint: 'check that the key of the target is unique',
  },

  {
    pattern: /\b1023\b|Serializable isolation violation/iu,
    code: 'serialization-conflict',
    class: 'transient',
  },
  { pattern: /deadlock detected/iu, code: 'deadlock', class: 'transient' },
  {
    // 1018: the table was made or altered after this transaction's snapshot; a table that is missing has a name.
    pattern: /because of conflict with|\b1018\b.*Relation does not exist|relation with OID \d+/isu,
    code: 'concurrent-change',
    class: 'transient',
  },
  {
    pattern: /statement timeout|canceling statement due to|cancelled on user's request|cancelled by WLM/iu,
    code: 'statement-cancelled',
    class: 'transient',
  },
  {
    pattern: /SlowDown|Status 50[03]|InternalError|RequestTimeout|Connection timed out/iu,
    code: 's3-busy',
    class: 'transient',
  },
  {
    pattern: /Rate exceeded|ThrottlingException|ActiveStatementsExceeded|ActiveSessionsExceeded/iu,
    code: 'throttled',
    class: 'transient',
  },
  {
    pattern: /disk full/iu,
    code: 'out-of-disk',
    class: 'transient',
    hint: 'free space or resize the cluster',
  },
  {
    pattern: /out of memory/iu,
    code: 'out-of-memory',
    class: 'transient',
    hint: 'lower maxFiles or maxBytes',
  },

  {
    pattern:
      /connection limit|too many (?:connections|clients)|remaining connection slots|number of connections exceeded/iu,
    code: 'too-many-connections',
    class: 'transient',
    hint: 'lower maxLoads, or find out who holds the connections',
  },

  // A cluster that is away, in words of the Data API, of JDBC and of the backend. While it is resized it is read-only.
  {
    pattern:
      /connection (?:to \S+ )?refused|\b(?:under|in|undergoing|during|for) maintenance\b|terminating connection|system is in resize mode|database system is (?:starting up|shutting down|in recovery)/iu,
    code: 'warehouse-unavailable',
    class: 'unavailable',
  },
  {
    pattern:
      /\b(?:cluster|workgroup|warehouse)\b[^.]{0,80}\b(?:is (?:currently )?(?:paus|resum|reboot|resiz|restor|creating|deleting|unavailable)|(?:is |currently |being )(?:modified|updated)|(?:is )?not (?:in an? )?(?:available|active))/iu,
    code: 'warehouse-unavailable',
    class: 'unavailable',
  },
  // A connection that broke: at COMMIT the transaction may be there, and the one who asks is not told.
  {
    pattern:
      /I\/O error occurred while (?:sending|communicating)|connection (?:has been|was|is|unexpectedly) (?:closed|reset|lost|broken)|connection reset by peer|server closed the connection|connection to (?:the )?server was lost|broken pipe/iu,
    code: 'connection-lost',
    class: 'unknown',
  },

  {
    pattern: /AccessDenied|Access Denied/iu,
    code: 's3-denied',
    class: 'config',
    hint: 'let the COPY role read the bucket',
  },
  {
    pattern: /not authorized to assume IAM Role|Invalid credentials/iu,
    code: 'role-refused',
    class: 'config',
    hint: 'attach the role to the cluster, and let it be assumed by Redshift',
  },
  {
    pattern: /must be addressed using the specified endpoint/iu,
    code: 'bucket-region',
    class: 'config',
    hint: "add REGION 'name' to the copy options",
  },
  {
    pattern:
      /password authentication failed|no pg_hba\.conf entry|user "[^"]*" does not exist|role "[^"]*" does not exist/iu,
    code: 'login-refused',
    class: 'config',
    hint: 'correct the database user, or the secret that names it',
  },
  {
    pattern: /database "[^"]*" does not exist/iu,
    code: 'database-missing',
    class: 'config',
    hint: "correct the warehouse's `database`",
  },
  {
    pattern: /usage limit/iu,
    code: 'usage-limit',
    class: 'config',
    hint: 'raise the usage limit of the warehouse, or wait until its period is over',
  },
  {
    pattern: /permission denied|must be owner/iu,
    code: 'permission-denied',
    class: 'config',
    hint: 'grant it to the loader user',
  },
  {
    pattern: /column .* does not exist/iu,
    code: 'column-missing',
    class: 'config',
    hint: 'add it by a migration, or correct `columns`',
  },
  {
    pattern: /relation .* does not exist|Cannot COPY into nonexistent table/iu,
    code: 'table-missing',
    class: 'config',
    hint: 'create it by a migration',
  },
  {
    pattern: /syntax error|is not supported|does not exist|cannot be specified/iu,
    code: 'sql-refused',
    class: 'config',
    hint: 'check the copy options of the target',
  },
];

/** Every lane's job begins by locking its lane: a `LOCK` that is cancelled has waited as long as it may. */
const LANE_LOCKED: Omit<ErrorRule, 'pattern'> = {
  code: 'lane-locked',
  class: 'transient',
  hint: 'find who holds it in SVV_TRANSACTIONS, and end a session that is dead: SELECT pg_terminate_backend(pid)',
};
const IS_LOCK = /^\s*LOCK\b/iu;

/** What drivers, and the Data API for a whole batch, put before Redshift's words. */
const DRIVER_PREFIX = /^(?:Query #\d+ failed with )?(?:(?:ERROR|FATAL):\s*)?/u;

/**
 * Classifies what Redshift said. What no rule knows is transient: retries are bounded, and a lane that used them up
 * is held where people look; quarantining a good file for an unknown error would be worse.
 *
 * @param options `sql`: the statement that failed, where it is known.
 */
export function toLoadError(
  message: string,
  { cause, sql = '' }: { cause?: unknown; sql?: string | undefined } = {},
): LoadError {
  const known = RULES.find(({ pattern }) => pattern.test(message));
  const rule = known?.code === 'statement-cancelled' && IS_LOCK.test(sql) ? LANE_LOCKED : known;
  const text = message.replace(DRIVER_PREFIX, '');
  if (rule === undefined) return new LoadError('warehouse-error', text, { class: 'transient', cause });
  const { code, class: errorClass, hint } = rule;
  return new LoadError(code, text, { class: errorClass, cause, ...(hint === undefined ? {} : { hint }) });
}
