import { describe, expect, it } from 'vitest';
import { toLoadError, toUnknown } from './postgres-errors.ts';

const failure = (code: string, message = 'it failed'): Error => Object.assign(new Error(message), { code });

describe('what PostgreSQL says means', () => {
  it.each([
    ['22P02', 'invalid input syntax for type integer: "millrace:void"', 'guard', 'guard-void'],
    [
      '22P02',
      'invalid input syntax for type integer: "millrace:already-loaded"',
      'guard',
      'guard-already-loaded',
    ],
    ['22P02', 'invalid input syntax for type integer: "millrace:superseded"', 'guard', 'guard-superseded'],
    ['22P02', 'invalid input syntax for type integer: "x"', 'data', 'data-value'],
    ['22001', 'value too long for type character varying(3)', 'data', 'data-value'],
    ['23502', 'null value in column "id"', 'data', 'data-null'],
    ['23505', 'duplicate key value', 'data', 'data-unique'],
    ['23514', 'violates check constraint', 'data', 'data-constraint'],
    ['40001', 'could not serialize access', 'transient', 'serialization-conflict'],
    ['40P01', 'deadlock detected', 'transient', 'deadlock'],
    ['57014', 'canceling statement due to statement timeout', 'transient', 'statement-cancelled'],
    ['53300', 'too many clients already', 'transient', 'too-many-connections'],
    ['53100', 'could not extend file', 'transient', 'out-of-disk'],
    ['57P01', 'terminating connection due to administrator command', 'unavailable', 'warehouse-unavailable'],
    ['57P03', 'the database system is starting up', 'unavailable', 'warehouse-unavailable'],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432', 'unavailable', 'warehouse-unavailable'],
    ['ECONNRESET', 'read ECONNRESET', 'unavailable', 'warehouse-unavailable'],
    ['', 'Connection terminated unexpectedly', 'unavailable', 'warehouse-unavailable'],
    ['', 'timeout exceeded when trying to connect', 'unavailable', 'warehouse-unavailable'],
    ['25006', 'cannot execute INSERT in a read-only transaction', 'unavailable', 'warehouse-unavailable'],
    ['28P01', 'password authentication failed for user "loader"', 'config', 'login-refused'],
    ['3D000', 'database "x" does not exist', 'config', 'database-missing'],
    ['42501', 'permission denied for table t', 'config', 'permission-denied'],
    ['42P01', 'relation "t" does not exist', 'config', 'table-missing'],
    ['42703', 'column "c" does not exist', 'config', 'column-missing'],
    ['42601', 'syntax error', 'config', 'sql-refused'],
    ['21000', 'MERGE command cannot affect row a second time', 'config', 'merge-duplicates'],
    ['XX000', 'something else', 'transient', 'warehouse-error'],
  ])('%s %s: %s', (state, message, errorClass, code) => {
    expect(toLoadError(failure(state, message))).toMatchObject({ class: errorClass, code });
  });

  it('of a lane lock that was waited for in vain: somebody holds it', () => {
    const error = toLoadError(failure('57014', 'canceling statement due to statement timeout'), {
      sql: 'LOCK TABLE "millrace"."lock_t" IN ACCESS EXCLUSIVE MODE',
    });
    expect(error).toMatchObject({ class: 'transient', code: 'lane-locked' });
  });

  it('of addresses that were tried together, what the first one said', () => {
    const error = new AggregateError([failure('ECONNREFUSED', 'connect ECONNREFUSED ::1:5432')], '');
    expect(toLoadError(error)).toMatchObject({
      class: 'unavailable',
      message: 'connect ECONNREFUSED ::1:5432',
    });
  });

  it('nothing certain, at COMMIT', () => {
    expect(toUnknown(toLoadError(failure('ECONNRESET', 'read ECONNRESET')))).toMatchObject({
      class: 'unknown',
      code: 'connection-lost',
    });
  });
});
