import {
  ActiveStatementsExceededException,
  ActiveWaitingRequestsExceededException,
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  ListStatementsCommand,
  ResourceNotFoundException,
  ValidationException,
} from '@aws-sdk/client-redshift-data';
import { describe, expect, it } from 'vitest';
import { CLUSTER, type DataApiBench, openDataApi } from '../../test/data-api-bench.ts';
import { AWS_RATES } from './limits.ts';

const HOUR_MS = 3_600_000;

/** A statement that has started and does not end until `letGo`. */
async function running(bench: DataApiBench): Promise<{ id: string; letGo: () => Promise<void> }> {
  await bench.run('CREATE TABLE t (a int)');
  const other = bench.engine.session();
  await other.execute('BEGIN');
  await other.execute('LOCK t');
  const { Id = '' } = await bench.client.send(
    new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT * FROM t', WaitTimeSeconds: 1 }),
  );
  return { id: Id, letGo: () => other.close() };
}

describe('the limits of a call', () => {
  it('100 KB of SQL are taken, one byte more is refused, in bytes of UTF-8', async () => {
    const { client, run } = await openDataApi();
    const sqlOf = (bytes: number) => `SELECT 1 --${'x'.repeat(bytes - 11)}`;
    expect(await run(sqlOf(102_400))).toMatchObject({ Status: 'FINISHED' });
    const tooLong = client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: sqlOf(102_401) }));
    await expect(tooLong).rejects.toThrow('has 102401 bytes; the maximum is 102400 (100 KB)');
    await expect(tooLong).rejects.toThrow(ValidationException);
    const wide = client.send(
      new BatchExecuteStatementCommand({ ...CLUSTER, Sqls: ['SELECT 1', `SELECT '${'ä'.repeat(51_200)}'`] }),
    );
    await expect(wide).rejects.toThrow('SQL statement 2 has');
  });

  it('40 statements are a batch, none and 41 are not', async () => {
    const { client, ended } = await openDataApi();
    const batch = (count: number) =>
      client.send(
        new BatchExecuteStatementCommand({
          ...CLUSTER,
          Sqls: Array.from({ length: count }, () => 'SELECT 1'),
        }),
      );
    expect(await ended((await batch(40)).Id)).toMatchObject({ Status: 'FINISHED' });
    await expect(batch(41)).rejects.toThrow('Member must have length less than or equal to 40');
    await expect(batch(0)).rejects.toThrow('Member must have length greater than or equal to 1');
  });

  it.each([
    [{ Sql: 'SELECT 1', Database: 'dev' }, 'Either ClusterIdentifier, WorkgroupName or SessionId'],
    [{ Sql: 'SELECT 1', ClusterIdentifier: 'c' }, 'Database must be provided'],
    [{ ...CLUSTER, Sql: 'SELECT 1', WorkgroupName: 'w-1' }, 'cannot both be provided'],
    [
      { ...CLUSTER, Sql: 'SELECT 1', ClusterIdentifier: 'NOT_ONE' },
      "at 'clusterIdentifier' failed to satisfy",
    ],
    [{ ...CLUSTER, Sql: '' }, "Value '' at 'sql' failed to satisfy constraint"],
    [{ ...CLUSTER, Sql: undefined }, "Value null at 'sql'"],
    [{ ...CLUSTER, Sql: 'SELECT 1', WaitTimeSeconds: 31 }, 'less than or equal to 30'],
    [{ ...CLUSTER, Sql: 'SELECT 1', ClientToken: 'x'.repeat(65) }, 'less than or equal to 64'],
    [{ ...CLUSTER, Sql: 'SELECT 1', StatementName: 'x'.repeat(2049) }, 'less than or equal to 2048'],
    [{ ...CLUSTER, Sql: 'SELECT 1', Parameters: [{ name: 'a', value: '1' }] }, 'Unused parameters: [a]'],
    [
      { ...CLUSTER, Sql: 'SELECT :a, :b', Parameters: [{ name: 'a', value: '1' }] },
      'Missing parameters: [b]',
    ],
    [
      { ...CLUSTER, Sql: 'SELECT :a', Parameters: [{ name: 'a', value: '' }] },
      "at 'parameters.1.member.value'",
    ],
  ])('%j is refused', async (input, message) => {
    const { client } = await openDataApi();
    const call = client.send(new ExecuteStatementCommand(input as typeof input & { Sql: string }));
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toThrow(ValidationException);
  });

  it('a cluster and a workgroup that were named are the only ones', async () => {
    const { client } = await openDataApi({ cluster: 'cluster-1' });
    const call = (place: object) =>
      client.send(new ExecuteStatementCommand({ Database: 'dev', Sql: 'SELECT 1', ...place }));
    expect(await call({ ClusterIdentifier: 'cluster-1' })).toHaveProperty('Id');
    for (const place of [{ ClusterIdentifier: 'cluster-2' }, { WorkgroupName: 'workgroup-1' }]) {
      await expect(call(place)).rejects.toThrow("Redshift endpoint doesn't exist in this region.");
    }
  });
});

describe('parameters', () => {
  it('stand for values in every statement, and not in literals, comments and casts', async () => {
    const bench = await openDataApi();
    await bench.run('CREATE TABLE t (a int, b varchar(50))');
    const { Id } = await bench.client.send(
      new BatchExecuteStatementCommand({
        ...CLUSTER,
        Sqls: [
          'INSERT INTO t VALUES (:id, :text) -- :id',
          "INSERT INTO t SELECT a::int + 1, ':id' FROM t WHERE a = :id",
        ],
        Parameters: [
          { name: 'id', value: '7' },
          { name: 'text', value: "it's :id; DROP TABLE t" },
        ],
      }),
    );
    expect(await bench.ended(Id)).toMatchObject({
      Status: 'FINISHED',
      QueryParameters: [{ name: 'id' }, {}],
    });
    expect(await bench.rows('SELECT a, b FROM t ORDER BY a')).toEqual([
      [7, "it's :id; DROP TABLE t"],
      [8, ':id'],
    ]);
  });
});

describe('a client token', () => {
  const call = (Sql: string, ClientToken: string) =>
    new ExecuteStatementCommand({ ...CLUSTER, Sql, ClientToken });

  it('runs a statement once in eight hours, however often it is sent', async () => {
    let now = Date.now();
    const bench = await openDataApi({ now: () => now });
    await bench.run('CREATE TABLE t (a int)');
    const first = await bench.client.send(call('INSERT INTO t VALUES (1)', 'job-1'));
    await bench.ended(first.Id);
    now += 8 * HOUR_MS - 1;
    const again = await bench.client.send(call('INSERT INTO t VALUES (1)', 'job-1'));
    expect(again.Id).toBe(first.Id);
    now += 1;
    const late = await bench.client.send(call('INSERT INTO t VALUES (1)', 'job-1'));
    expect(late.Id).not.toBe(first.Id);
    await bench.ended(late.Id);
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([[2]]);
  });

  it('is refused with another statement', async () => {
    const { client } = await openDataApi();
    await client.send(call('SELECT 1', 'job-1'));
    const other = client.send(call('SELECT 2', 'job-1'));
    await expect(other).rejects.toThrow("ClientToken 'job-1' was used before with another request");
    await expect(other).rejects.toThrow(ValidationException);
  });
});

describe('the limits of the service', () => {
  it('calls beyond the rate of their operation are throttled, until time has passed', async () => {
    let now = Date.now();
    const { client } = await openDataApi({ now: () => now, limits: { callsPerSecond: AWS_RATES } });
    const call = () => client.send(new BatchExecuteStatementCommand({ ...CLUSTER, Sqls: ['SELECT 1'] }));
    for (let at = 0; at < 20; at += 1) await call();
    await expect(call()).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 400 },
    });
    now += 50;
    await call();
    await expect(call()).rejects.toThrow('Rate exceeded');
    await client.send(new ListStatementsCommand({}));
  });

  it('active statements are limited', async () => {
    const bench = await openDataApi({ limits: { activeStatements: 1 } });
    const { id, letGo } = await running(bench);
    const second = bench.client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1' }));
    await expect(second).rejects.toThrow(ActiveStatementsExceededException);
    await letGo();
    await bench.ended(id);
    expect(await bench.run('SELECT 1')).toMatchObject({ Status: 'FINISHED' });
  });

  it('statements beyond those that may run stay SUBMITTED', async () => {
    const bench = await openDataApi({ limits: { runningStatements: 1 } });
    const { letGo } = await running(bench);
    const { Id } = await bench.client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1' }));
    const waiting = await bench.client.send(new DescribeStatementCommand({ Id }));
    expect(waiting).toMatchObject({
      Status: 'SUBMITTED',
      Duration: -1,
      RedshiftPid: 0,
      RedshiftQueryId: 0,
      ResultRows: -1,
      ResultSize: -1,
    });
    const { Id: cancelled } = await bench.client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1' }),
    );
    await bench.client.send(new CancelStatementCommand({ Id: cancelled }));
    expect(await bench.ended(cancelled)).toMatchObject({ Status: 'ABORTED' });
    await letGo();
    expect(await bench.ended(Id)).toMatchObject({ Status: 'FINISHED' });
  });

  it('calls that wait for one statement are limited', async () => {
    const bench = await openDataApi({ limits: { waitersPerStatement: 1 } });
    const { id, letGo } = await running(bench);
    const wait = () => bench.client.send(new DescribeStatementCommand({ Id: id, WaitTimeSeconds: 30 }));
    const answers = Promise.allSettled([wait(), wait()]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await letGo();
    const [refused] = (await answers).filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject({ reason: expect.any(ActiveWaitingRequestsExceededException) });
  });

  it('statements are forgotten after a day, and the oldest earlier when there is too much to keep', async () => {
    let now = Date.now();
    const bench = await openDataApi({ now: () => now, limits: { retainedBytes: 1_000 } });
    const { Id: first } = await bench.run(`SELECT '${'x'.repeat(600)}'`);
    const { Id: second } = await bench.run(`SELECT '${'y'.repeat(400)}'`);
    const describe = (Id: string | undefined) => bench.client.send(new DescribeStatementCommand({ Id }));
    await expect(describe(first)).rejects.toThrow(ResourceNotFoundException);
    expect(await describe(second)).toHaveProperty('Id', second);
    now += 24 * HOUR_MS + 1;
    await expect(describe(second)).rejects.toThrow(ResourceNotFoundException);
  });
});
