import type {
  DescribeStatementCommandOutput,
  StatementStatusString,
  SubStatementData,
} from '@aws-sdk/client-redshift-data';
import { loadFileOf, planLoad } from '@millrace/core';
import { RedshiftDialect } from '@millrace/redshift';
import { describe, expect, it } from 'vitest';
import { toStatementState } from './to-statement-state.ts';

const ID = '00000000-0000-4000-8000-000000000000';

/** A description as the Data API gives it of the statements of an append, the parts changed by place. */
function describeJob(
  status: string,
  change: Partial<DescribeStatementCommandOutput> = {},
  parts: Readonly<Record<number, Partial<SubStatementData>>> = {},
): DescribeStatementCommandOutput {
  return {
    $metadata: {},
    Id: ID,
    Status: status as DescribeStatementCommandOutput['Status'],
    SubStatements: SQL.map((sql, at) => ({
      Id: `${ID}:${at + 1}`,
      QueryString: sql,
      Status: 'FINISHED' as StatementStatusString,
      HasResultSet: sql.startsWith('SELECT'),
      ...parts[at],
    })),
    ...change,
  };
}

const dialect = new RedshiftDialect();
const SQL = planLoad({
  target: 'public.flights',
  rule: {
    mode: 'append',
    key: [],
    latestBy: [],
    tombstone: null,
    nullKeys: 'reject',
    columns: null,
    onRewrite: 'quarantine',
  },
  tableColumns: [{ name: 'id', type: 'integer', isNullable: true, isIdentity: false }],
  attempt: { jobId: '01JD0000000000000000000000', attempt: 1, fence: 1 },
  loadedAt: 0,
  // A key that looks like SQL.
  files: [loadFileOf({ bucket: 'lake', key: 'SELECT pg_last_copy_count().csv', etag: 'e', size: 1 }, 0)],
  manifestUrl: 's3://millrace/manifest.json',
  fileListManifestUrl: '',
  iamRole: 'default',
  copyOptions: 'CSV',
  lockTimeoutMs: 1,
  statementTimeoutMs: 1,
  maxStatementBytes: 100_000,
}).map((statement) => dialect.render(statement));
const placeOf = (pattern: RegExp): number => SQL.findIndex((sql) => pattern.test(sql));
const GUARD = placeOf(/millrace:already-loaded/u);
const COUNT = placeOf(/^SELECT pg_last_copy_count/u);

describe('a description of a statement', () => {
  it.each(['SUBMITTED', 'PICKED', 'STARTED'])('that is %s is of one that runs', (status) => {
    expect(toStatementState(describeJob(status))).toEqual({ kind: 'running' });
  });

  it('that is FINISHED tells which part counted the rows of COPY, and no other', () => {
    expect(toStatementState(describeJob('FINISHED'))).toMatchObject({
      kind: 'finished',
      countId: `${ID}:${COUNT + 1}`,
      last: { id: `${ID}:${SQL.length}`, hasRows: false },
    });
    const none = { ...describeJob('FINISHED'), SubStatements: undefined, HasResultSet: true };
    expect(toStatementState(none)).toMatchObject({ countId: undefined, last: { id: ID, hasRows: true } });
  });

  it('that is ABORTED proves nothing: the receipts are asked', () => {
    expect(toStatementState(describeJob('ABORTED'))).toMatchObject({
      kind: 'open',
      error: { class: 'unknown', code: 'statement-aborted' },
    });
  });

  it('that FAILED is of the part that failed, in its words', () => {
    const said =
      "ERROR: Load into table 'flights' failed.  Check 'stl_load_errors' system table for details.";
    const parts = {
      [COUNT - 1]: { Status: 'FAILED' as const, Error: said },
      [COUNT]: { Status: 'ABORTED' as const },
    };
    expect(
      toStatementState(describeJob('FAILED', { Error: `Query #5 failed with ${said}` }, parts)),
    ).toMatchObject({
      kind: 'failed',
      error: { class: 'data', message: said.slice('ERROR: '.length) },
    });
  });

  it('that FAILED with all of its parts done failed at its COMMIT, and says why itself', () => {
    const said =
      'ERROR: 1023 DETAIL: Serializable isolation violation on table - 1, transactions forming the cycle are: 1, 2';
    expect(toStatementState(describeJob('FAILED', { Error: said }))).toMatchObject({
      kind: 'failed',
      error: { code: 'serialization-conflict' },
    });
  });

  it('that FAILED with a broken connection proves nothing: the COMMIT may have been carried out', () => {
    const said = 'An I/O error occurred while sending to the backend.';
    expect(toStatementState(describeJob('FAILED', { Error: said }))).toMatchObject({
      kind: 'open',
      error: { class: 'unknown', code: 'connection-lost' },
    });
  });

  it('that FAILED in the guard is a refusal, also when a compute node only names the first character', () => {
    const guarded = (said: string) =>
      toStatementState(describeJob('FAILED', {}, { [GUARD]: { Status: 'FAILED', Error: said } }));
    expect(guarded('ERROR: invalid input syntax for integer: "millrace:void"')).toMatchObject({
      error: { code: 'guard-void' },
    });
    expect(guarded("ERROR: Invalid digit, Value 'm', Pos 0, Type: Integer")).toMatchObject({
      kind: 'failed',
      error: { class: 'guard', code: 'guard-already-loaded' },
    });
    expect(guarded('ERROR: permission denied for relation receipts')).toMatchObject({
      error: { class: 'config' },
    });
  });

  it('that FAILED without a word is tried again', () => {
    expect(toStatementState(describeJob('FAILED'))).toMatchObject({
      kind: 'failed',
      error: { class: 'transient' },
    });
  });
});
