import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  ResourceNotFoundException,
  ValidationException,
} from '@aws-sdk/client-redshift-data';
import { describe, expect, it } from 'vitest';
import { CLUSTER, openDataApi, WORKGROUP } from '../../../test/data-api-bench.ts';

describe('ExecuteStatement', () => {
  it('answers at once, and runs the statement by itself', async () => {
    const { client, ended, rows } = await openDataApi();
    const answer = await client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Sql: 'CREATE TABLE t (a int)' }),
    );
    expect(answer).toMatchObject(CLUSTER);
    expect(answer.Id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u);
    expect(answer.CreatedAt).toBeInstanceOf(Date);
    expect(await ended(answer.Id)).toMatchObject({ Status: 'FINISHED', HasResultSet: false, ResultSize: 0 });
    expect(await rows('SELECT count(*) FROM t')).toEqual([[0]]);
  });

  it('takes a workgroup as well as a cluster', async () => {
    const { client, ended } = await openDataApi();
    const { Id, WorkgroupName } = await client.send(
      new ExecuteStatementCommand({ ...WORKGROUP, Sql: 'SELECT 1' }),
    );
    expect(WorkgroupName).toBe('workgroup-1');
    expect(await ended(Id)).toMatchObject({ Status: 'FINISHED', WorkgroupName: 'workgroup-1' });
  });

  it('tells a failure of SQL by the state of the statement, not by HTTP', async () => {
    const { run } = await openDataApi();
    expect(await run('SELECT * FROM nowhere')).toMatchObject({
      Status: 'FAILED',
      Error: 'ERROR: relation "nowhere" does not exist',
      HasResultSet: false,
      ResultRows: -1,
      ResultSize: -1,
    });
  });

  it('waits for the end with WaitTimeSeconds, and then tells it', async () => {
    const { client } = await openDataApi();
    const answer = await client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1', WaitTimeSeconds: 30 }),
    );
    expect(answer).toMatchObject({ Status: 'FINISHED', HasResultSet: true });
    expect(answer.RedshiftPid).toBeGreaterThan(0);
  });
});

describe('BatchExecuteStatement', () => {
  it('is one transaction, with a description of each of its statements', async () => {
    const { client, ended, rows } = await openDataApi();
    const { Id } = await client.send(
      new BatchExecuteStatementCommand({
        ...CLUSTER,
        Sqls: ['CREATE TABLE t (a int)', 'INSERT INTO t VALUES (1), (2)', 'SELECT a FROM t ORDER BY a;'],
        StatementName: 'dev/public.t/job/1',
      }),
    );
    const described = await ended(Id);
    expect(described).toMatchObject({
      Status: 'FINISHED',
      ExecutionMode: 'TRANSACTION',
      HasResultSet: true,
      RedshiftQueryId: 0,
    });
    expect(described.SubStatements).toMatchObject([
      { Id: `${Id}:1`, Status: 'FINISHED', HasResultSet: false },
      { Id: `${Id}:2`, Status: 'FINISHED', ResultRows: 2 },
      { Id: `${Id}:3`, Status: 'FINISHED', HasResultSet: true, QueryString: 'SELECT a FROM t ORDER BY a;' },
    ]);
    const { Records } = await client.send(new GetStatementResultCommand({ Id: `${Id}:3` }));
    expect(Records).toEqual([[{ longValue: 1 }], [{ longValue: 2 }]]);
    expect(await rows('SELECT count(*) FROM t')).toEqual([[2]]);
  });

  it('keeps nothing of a transaction in which a statement fails', async () => {
    const { client, ended, run, rows } = await openDataApi();
    await run('CREATE TABLE t (a int)');
    const { Id } = await client.send(
      new BatchExecuteStatementCommand({
        ...CLUSTER,
        Sqls: ['INSERT INTO t VALUES (1)', 'SELECT * FROM nowhere', 'INSERT INTO t VALUES (2)'],
      }),
    );
    const described = await ended(Id);
    expect(described.Status).toBe('FAILED');
    expect(described.Error).toBe('Query #2 failed with ERROR: relation "nowhere" does not exist');
    expect(described.SubStatements).toMatchObject([
      { Status: 'FINISHED' },
      { Status: 'FAILED', Error: 'ERROR: relation "nowhere" does not exist' },
      { Status: 'ABORTED' },
    ]);
    expect(await rows('SELECT count(*) FROM t')).toEqual([[0]]);
  });

  it('commits each statement with AUTO_COMMIT, and goes on after a failure', async () => {
    const { client, ended, run, rows } = await openDataApi();
    await run('CREATE TABLE t (a int)');
    const { Id } = await client.send(
      new BatchExecuteStatementCommand({
        ...CLUSTER,
        ExecutionMode: 'AUTO_COMMIT',
        Sqls: ['INSERT INTO t VALUES (1)', 'SELECT * FROM nowhere', 'INSERT INTO t VALUES (2)', 'SELECT 7'],
      }),
    );
    expect(await ended(Id)).toMatchObject({
      HasResultSet: true,
      Status: 'FAILED',
      SubStatements: [{ Status: 'FINISHED' }, { Status: 'FAILED' }, { Status: 'FINISHED' }, {}],
    });
    const { Records } = await client.send(new GetStatementResultCommand({ Id: `${Id}:4` }));
    expect(Records).toEqual([[{ longValue: 7 }]]);
    expect(await rows('SELECT count(*) FROM t')).toEqual([[2]]);
  });

  it('can be waited for part by part', async () => {
    const { client, engine, ended, run } = await openDataApi();
    await run('CREATE TABLE t (a int)');
    const other = engine.session();
    await other.execute('BEGIN');
    await other.execute('LOCK t');
    const { Id } = await client.send(
      new BatchExecuteStatementCommand({
        ...CLUSTER,
        ExecutionMode: 'AUTO_COMMIT',
        Sqls: ['SELECT 1', 'SELECT * FROM t'],
      }),
    );
    const first = await client.send(new DescribeStatementCommand({ Id: `${Id}:1`, WaitTimeSeconds: 30 }));
    expect(first).toMatchObject({ Id: `${Id}:1`, Status: 'FINISHED', HasResultSet: true });
    const { Records } = await client.send(new GetStatementResultCommand({ Id: `${Id}:1` }));
    expect(Records).toEqual([[{ longValue: 1 }]]);
    expect(await client.send(new DescribeStatementCommand({ Id }))).toMatchObject({
      Status: 'STARTED',
      SubStatements: [{ Status: 'FINISHED' }, { Status: 'STARTED' }],
    });
    await other.close();
    expect(await ended(Id)).toMatchObject({ Status: 'FINISHED' });
  });

  it('hands out rows only by the id of a part', async () => {
    const { client, ended } = await openDataApi();
    const { Id } = await client.send(new BatchExecuteStatementCommand({ ...CLUSTER, Sqls: ['SELECT 1'] }));
    await ended(Id);
    await expect(client.send(new GetStatementResultCommand({ Id }))).rejects.toThrow(ValidationException);
    await expect(client.send(new DescribeStatementCommand({ Id: `${Id}:2` }))).rejects.toThrow(
      ResourceNotFoundException,
    );
  });
});
