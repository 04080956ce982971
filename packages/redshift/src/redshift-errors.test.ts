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
  ['invalid input syntax for integer: "abc"', 'data', 'data-value'],
  ['canceling statement due to statement timeout', 'transient', 'statement-cancelled'],
  ['something that nobody has seen before', 'transient', 'warehouse-error'],
];

describe('the error table', () => {
  it.each(TABLE)('%s → %s', (text, errorClass, code) => {
    expect(toLoadError(text)).toMatchObject({ class: errorClass, code, name: `LoadError.${code}` });
  });

  it('drops the prefix that drivers put before the message, and keeps the cause', () => {
    const cause = new Error('x');
    expect(toLoadError('ERROR: deadlock detected', cause)).toMatchObject({
      message: 'deadlock detected',
      cause,
    });
  });
});
