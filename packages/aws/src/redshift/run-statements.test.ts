import { afterEach, describe, expect, it } from 'vitest';
import {
  type AwsStub,
  failure,
  type StubReply,
  type StubRequest,
  startAwsStub,
} from '../../test/redshift/aws-stub.ts';
import { CLUSTER, newClient } from '../../test/redshift/open-data-api.ts';
import { DataApiWarehouse } from './data-api-warehouse.ts';

const ID = '00000000-0000-4000-8000-000000000000';
const RUNNING: StubReply = { body: { Id: ID, Status: 'STARTED' } };
const FINISHED: StubReply = { body: { Id: ID, Status: 'FINISHED', HasResultSet: false } };

let stub: AwsStub | undefined;
let close: (() => void) | undefined;
afterEach(async () => {
  close?.();
  await stub?.close();
});

/** A Data API with an answer per operation, by how often it was asked; the SDK does not retry. */
async function answering(
  answers: Readonly<Record<string, (nth: number, request: StubRequest) => StubReply>>,
  timeoutMs = 60_000,
): Promise<DataApiWarehouse> {
  const counts = new Map<string, number>();
  stub = await startAwsStub((request) => {
    const nth = (counts.get(request.operation) ?? 0) + 1;
    counts.set(request.operation, nth);
    return (
      answers[request.operation]?.(nth, request) ?? failure('UnknownOperationException', request.operation)
    );
  });
  const client = newClient(stub.url, 1);
  close = () => client.destroy();
  return new DataApiWarehouse(client, { address: CLUSTER, database: 'dev', timeoutMs, patienceMs: 0 });
}

function operations(): string[] {
  return (stub?.requests ?? []).map(({ operation }) => operation);
}

function input(nth: number): Record<string, unknown> {
  return JSON.parse(stub?.requests[nth]?.body ?? '{}');
}

describe('statements that are waited for', () => {
  it('cost a call and its result when they are a question that is answered within half a minute', async () => {
    const warehouse = await answering({
      ExecuteStatement: () => ({ body: { Id: ID, Status: 'FINISHED', HasResultSet: true } }),
      GetStatementResult: () => ({
        body: {
          Records: [[{ longValue: 7 }]],
          ColumnMetadata: [{ name: 'n', typeName: 'int4' }],
          TotalNumRows: 1,
        },
      }),
    });
    expect(await warehouse.transact(['SELECT 7 AS n'])).toEqual([{ n: 7 }]);
    expect(operations()).toEqual(['ExecuteStatement', 'GetStatementResult']);
  });

  it('are described once when they end within half a minute: the calls wait, nobody asks in between', async () => {
    const warehouse = await answering({ ExecuteStatement: () => RUNNING, DescribeStatement: () => FINISHED });
    expect(await warehouse.transact(['CREATE TABLE t (id INTEGER)'])).toEqual([]);
    expect(operations()).toEqual(['ExecuteStatement', 'DescribeStatement']);
    expect([input(0), input(1)]).toMatchObject([
      { WaitTimeSeconds: 30, WithEvent: false, ClusterIdentifier: 'analytics', Database: 'dev' },
      { WaitTimeSeconds: 30 },
    ]);
  });

  it('are sent again with the same token when the reply is lost, and a bounded number of times', async () => {
    const lost = await answering({
      BatchExecuteStatement: (nth) => (nth < 3 ? 'hang-up' : RUNNING),
      DescribeStatement: () => FINISHED,
    });
    await lost.transact(['SELECT 1', 'SELECT 2']);
    const tokens = [0, 1, 2].map((nth) => input(nth).ClientToken);
    expect(new Set(tokens).size).toBe(1);
    expect(input(0)).toMatchObject({ ExecutionMode: 'TRANSACTION', Sqls: ['SELECT 1', 'SELECT 2'] });
    close?.();
    await stub?.close();

    const gone = await answering({ BatchExecuteStatement: () => 'hang-up' });
    await expect(gone.transact(['SELECT 1', 'SELECT 2'])).rejects.toMatchObject({ class: 'unknown' });
    expect(operations()).toHaveLength(3);
  });

  it('are asked about without waiting when too many wait for them', async () => {
    const warehouse = await answering({
      ExecuteStatement: () => RUNNING,
      DescribeStatement: (_, { body }) =>
        body.includes('WaitTimeSeconds')
          ? failure('ActiveWaitingRequestsExceededException', 'Too many requests wait for the statement.')
          : FINISHED,
    });
    await warehouse.transact(['SELECT 1']);
    expect(operations()).toEqual(['ExecuteStatement', 'DescribeStatement', 'DescribeStatement']);
  });

  it('survive questions that fail, and are of unknown outcome when no question is answered', async () => {
    const throttled = failure('ThrottlingException', 'Rate exceeded');
    const patient = await answering({
      ExecuteStatement: () => RUNNING,
      DescribeStatement: (nth) => (nth < 4 ? throttled : FINISHED),
    });
    await patient.transact(['SELECT 1']);
    close?.();
    await stub?.close();

    const gone = await answering({ ExecuteStatement: () => RUNNING, DescribeStatement: () => throttled });
    await expect(gone.transact(['INSERT INTO t VALUES (1)'])).rejects.toMatchObject({
      class: 'unknown',
      code: 'outcome-unknown',
      message: expect.stringContaining(ID),
    });
  });

  it('are cancelled when they take too long, and then nobody knows', async () => {
    const warehouse = await answering(
      {
        ExecuteStatement: () => RUNNING,
        DescribeStatement: () => RUNNING,
        CancelStatement: () => ({ body: { Status: true } }),
      },
      300,
    );
    await expect(warehouse.transact(['VACUUM'])).rejects.toMatchObject({
      class: 'unknown',
      code: 'outcome-unknown',
    });
    expect(operations().at(-1)).toBe('CancelStatement');
    // A server that answers at once is not asked in a tight loop.
    expect(operations().length).toBeLessThan(10);
  });

  it('that are aborted or forgotten are of unknown outcome', async () => {
    const aborted = await answering({
      ExecuteStatement: () => RUNNING,
      DescribeStatement: () => ({ body: { Id: ID, Status: 'ABORTED' } }),
    });
    await expect(aborted.transact(['SELECT 1'])).rejects.toMatchObject({
      class: 'unknown',
      code: 'statement-aborted',
    });
    close?.();
    await stub?.close();

    const forgotten = await answering({
      ExecuteStatement: () => RUNNING,
      DescribeStatement: () => failure('ResourceNotFoundException', 'Query does not exist.'),
    });
    await expect(forgotten.transact(['SELECT 1'])).rejects.toMatchObject({
      class: 'unknown',
      code: 'outcome-unknown',
    });
  });

  it('are refused at once when they are too many or too long', async () => {
    const warehouse = await answering({});
    await expect(warehouse.transact(Array(41).fill('SELECT 1'))).rejects.toMatchObject({
      code: 'batch-too-large',
    });
    await expect(warehouse.query(`SELECT '${'x'.repeat(100_000)}'`)).rejects.toMatchObject({
      code: 'batch-too-large',
    });
    expect(operations()).toEqual([]);
  });
});

describe('what COPY refused', () => {
  it('is asked for again when the log is not written yet, and given up in the end', async () => {
    const said = "ERROR: Load into table 't' failed.  Check 'stl_load_errors' system table for details.";
    const columns = ['filename', 'line_number', 'err_code', 'err_reason'];
    const row = [
      { stringValue: 's3://b/k   ' },
      { longValue: 2 },
      { longValue: 1202 },
      { stringValue: 'Extra  ' },
    ];
    const ColumnMetadata = columns.map((name) => ({ name, typeName: 'varchar' }));
    const described = { Id: ID, Status: 'FAILED', Error: said, RedshiftPid: 7, CreatedAt: 1_700_000_000.5 };
    const failed = {
      DescribeStatement: () => ({ body: described }),
      ExecuteStatement: () => ({ body: { Id: ID, Status: 'FINISHED', HasResultSet: true } }),
    };
    const late = await answering({
      ...failed,
      GetStatementResult: (nth) => ({ body: { Records: nth < 2 ? [] : [row], ColumnMetadata } }),
    });
    expect(await late.copyErrors({ id: ID, name: 'n' })).toEqual([
      { fileUrl: 's3://b/k', line: 2, column: null, rawValue: null, code: 1202, reason: 'Extra' },
    ]);
    expect(input(1).Sql).toContain(
      "session = 7 AND starttime BETWEEN TIMESTAMP '2023-11-14 22:12:20.500' AND TIMESTAMP '2023-11-14 22:14:20.500'",
    );
    close?.();
    await stub?.close();

    const never = await answering({
      ...failed,
      GetStatementResult: () => ({ body: { Records: [], ColumnMetadata } }),
    });
    expect(await never.copyErrors({ id: ID, name: 'n' })).toEqual([]);
    expect(operations().filter((operation) => operation === 'ExecuteStatement')).toHaveLength(3);
  });
});

describe('where statements run', () => {
  const COMMON = { database: 'prod' };
  const CASES = [
    ['a cluster, as who IAM says', { address: { cluster: 'c' } }, { ClusterIdentifier: 'c' }],
    [
      'a cluster, as a user',
      { address: { cluster: 'c', dbUser: 'u' } },
      { ClusterIdentifier: 'c', DbUser: 'u' },
    ],
    ['a workgroup', { address: { workgroup: 'w' } }, { WorkgroupName: 'w' }],
    [
      'a workgroup, by a secret',
      { address: { workgroup: 'w' }, secretArn: 's' },
      { WorkgroupName: 'w', SecretArn: 's' },
    ],
  ] as const;

  it.each(CASES)('%s', async (_, place, expected) => {
    stub = await startAwsStub(() => ({ body: { Id: ID } }));
    const client = newClient(stub.url);
    close = () => client.destroy();
    const warehouse = new DataApiWarehouse(client, { ...COMMON, ...place });
    await warehouse.submit({ name: 'n', clientToken: 't', statements: ['SELECT 1'] });
    expect(input(0)).toEqual({
      ...expected,
      Database: 'prod',
      Sqls: ['SELECT 1'],
      StatementName: 'n',
      ClientToken: 't',
      WithEvent: true,
      ExecutionMode: 'TRANSACTION',
    });
  });

  it('cannot be a user and a secret at once', () => {
    const client = newClient('http://127.0.0.1:1');
    const place = { address: { cluster: 'c', dbUser: 'u' }, database: 'prod', secretArn: 's' };
    expect(() => new DataApiWarehouse(client, place)).toThrow(/both dbUser 'u' and a secret/u);
  });
});
