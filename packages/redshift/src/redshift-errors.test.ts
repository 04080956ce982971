import { describe, expect, it } from 'vitest';
import { toLoadError } from './redshift-errors.ts';

/** What Redshift says, and what it means for the work. Texts: AWS documentation and reports of users. */
const TABLE: readonly [text: string, errorClass: string, code: string][] = [
  ["Load into table 't' failed.  Check 'stl_load_errors' system table for details.", 'data', 'copy-data'],
  [
    "Load into table 't' failed.  Check 'sys_load_error_detail' system table for details.",
    'data',
    'copy-data',
  ],
  [
    'ERROR: 1023 DETAIL: Serializable isolation violation on table - 100, transactions forming the cycle are: 1, 2 (pid:3)',
    'transient',
    'serialization-conflict',
  ],
  ['deadlock detected', 'transient', 'deadlock'],
  ['S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey', 'gone', 'object-gone'],
  ['Mandatory url is not present in manifest file: s3://b/k', 'gone', 'object-gone'],
  ['S3ServiceException:Access Denied,Status 403,Error AccessDenied', 'config', 's3-denied'],
  ['S3ServiceException: Please reduce your request rate.,Status 503,Error SlowDown', 'transient', 's3-busy'],
  ['permission denied for relation flights', 'config', 'permission-denied'],
  ['relation "public.x" does not exist', 'config', 'table-missing'],
  ['column "x" of relation "t" does not exist', 'config', 'column-missing'],
  ['invalid input syntax for integer: "millrace:already-loaded"', 'guard', 'guard-already-loaded'],
  ['invalid input syntax for integer: "millrace:void"', 'guard', 'guard-void'],
  ['invalid input syntax for integer: "millrace:rewritten"', 'guard', 'guard-rewritten'],
  ['invalid input syntax for integer: "millrace:replaced"', 'guard', 'guard-replaced'],
  ['invalid input syntax for integer: "abc"', 'data', 'data-value'],
  ['canceling statement due to statement timeout', 'transient', 'statement-cancelled'],
  ["Invalid digit, Value 'x', Pos 0, Type: Integer", 'data', 'data-value'],
  ['Numeric data overflow (addition)', 'data', 'data-value'],
  ['ERROR: 1018 DETAIL: Relation does not exist.', 'transient', 'concurrent-change'],
  ['could not open relation with OID 108371', 'transient', 'concurrent-change'],
  ['FATAL: connection limit "500" exceeded for non-bootstrap users', 'transient', 'too-many-connections'],
  [
    'Query (1234) cancelled by WLM abort action of Query Monitoring Rule "x".',
    'transient',
    'statement-cancelled',
  ],
  [
    'Connection to analytics.abc.us-east-1.redshift.amazonaws.com:5439 refused.',
    'unavailable',
    'warehouse-unavailable',
  ],
  ['terminating connection due to administrator command', 'unavailable', 'warehouse-unavailable'],
  ['Cannot execute write query because system is in resize mode', 'unavailable', 'warehouse-unavailable'],
  ['The cluster analytics is paused.', 'unavailable', 'warehouse-unavailable'],
  ['Redshift cluster is in maintenance', 'unavailable', 'warehouse-unavailable'],
  ['The requested workgroup analytics is not available', 'unavailable', 'warehouse-unavailable'],
  [
    'Connection refused. The cluster is under maintenance; try again later.',
    'unavailable',
    'warehouse-unavailable',
  ],
  ['permission denied for schema maintenance', 'config', 'permission-denied'],
  ['relation "public.maintenance" does not exist', 'config', 'table-missing'],
  ['FATAL: the database system is starting up', 'unavailable', 'warehouse-unavailable'],
  ['An I/O error occurred while sending to the backend.', 'unknown', 'connection-lost'],
  ['This connection has been closed.', 'unknown', 'connection-lost'],
  ['server closed the connection unexpectedly', 'unknown', 'connection-lost'],
  ['FATAL: password authentication failed for user "loader"', 'config', 'login-refused'],
  ['FATAL: database "prod" does not exist', 'config', 'database-missing'],
  ['Your query was stopped: the workgroup reached its usage limit', 'config', 'usage-limit'],
  ['something that nobody has seen before', 'transient', 'warehouse-error'],
];

it('tells a lane that is locked from a load that took too long', () => {
  const text = 'canceling statement due to statement timeout';
  const lock = toLoadError(text, { sql: ' LOCK TABLE "millrace"."lock_a"' });
  expect(lock).toMatchObject({ class: 'transient', code: 'lane-locked', message: text });
  const copy = toLoadError(text, { sql: `COPY "lock" FROM 's3://b/k'` });
  expect(copy).toMatchObject({ class: 'transient', code: 'statement-cancelled' });
});

describe('the error table', () => {
  it.each(TABLE)('%s → %s', (text, errorClass, code) => {
    expect(toLoadError(text)).toMatchObject({ class: errorClass, code, name: `LoadError.${code}` });
  });

  it('drops the prefix that drivers put before the message, and keeps the cause', () => {
    expect(toLoadError('Query #5 failed with ERROR: deadlock detected').message).toBe('deadlock detected');
    const cause = new Error('x');
    expect(toLoadError('ERROR: deadlock detected', { cause })).toMatchObject({
      message: 'deadlock detected',
      cause,
    });
  });
});
