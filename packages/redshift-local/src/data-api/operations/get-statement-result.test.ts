import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  GetStatementResultV2Command,
  paginateGetStatementResult,
  ResourceNotFoundException,
  ValidationException,
} from '@aws-sdk/client-redshift-data';
import { describe, expect, it } from 'vitest';
import { CLUSTER, type DataApiBench, openDataApi } from '../../../test/data-api-bench.ts';

async function idOf({ client, ended }: DataApiBench, sql: string, more: object = {}): Promise<string> {
  const { Id = '' } = await client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: sql, ...more }));
  await ended(Id);
  return Id;
}

describe('GetStatementResult', () => {
  it('hands out each type as the Data API does', async () => {
    const bench = await openDataApi();
    await bench.run(`CREATE TABLE t (i2 smallint, i4 int, i8 bigint, f4 real, f8 float, n decimal(8,2), b boolean,
c char(3), v varchar(9), d date, ts timestamp, tz timestamptz, s super, x varbyte, e int)`);
    await bench.run(`INSERT INTO t VALUES (1, 2, 3000000000, 0.5, 0.25, 1.2, true, 'ab', 'ä', '2022-02-22',
'2022-02-22 00:00:00', '2022-02-22 01:02:03.5+00', JSON_PARSE('{"a":1}'), 'abc'::varbyte, NULL)`);
    const Id = await idOf(bench, 'SELECT * FROM t');
    const { Records, ColumnMetadata, TotalNumRows } = await bench.client.send(
      new GetStatementResultCommand({ Id }),
    );
    expect(TotalNumRows).toBe(1);
    expect(Records?.[0]).toEqual([
      { longValue: 1 },
      { longValue: 2 },
      { longValue: 3_000_000_000 },
      { doubleValue: 0.5 },
      { doubleValue: 0.25 },
      { stringValue: '1.20' },
      { booleanValue: true },
      { stringValue: 'ab' },
      { stringValue: 'ä' },
      { stringValue: '2022-02-22' },
      { stringValue: '2022-02-22 00:00:00.0' },
      { stringValue: '2022-02-22 01:02:03.5+00' },
      { stringValue: '{"a":1}' },
      { stringValue: '616263' },
      { isNull: true },
    ]);
    expect(ColumnMetadata?.slice(0, 3).map(({ typeName }) => typeName)).toEqual(['int2', 'int4', 'int8']);
    expect(ColumnMetadata?.[5]).toMatchObject({ name: 'n', typeName: 'numeric', precision: 8, scale: 2 });
    expect(ColumnMetadata?.[10]).toMatchObject({
      typeName: 'timestamp',
      precision: 29,
      scale: 6,
      nullable: 1,
    });
  });

  it('writes integers beyond 2^53 as the numbers they are', async () => {
    const bench = await openDataApi();
    const Id = await idOf(bench, 'SELECT 9223372036854775807::bigint AS big');
    const response = await fetch(bench.server.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'RedshiftData.GetStatementResult',
      },
      body: JSON.stringify({ Id }),
    });
    expect(await response.text()).toContain('{"longValue":9223372036854775807}');
  });

  it('cuts a long result into pages by their size', async () => {
    const bench = await openDataApi({ limits: { pageBytes: 1_000 } });
    await bench.run('CREATE TABLE t (a int, b varchar(100))');
    const values = Array.from({ length: 100 }, (_, at) => `(${at}, '${'x'.repeat(95)}')`).join(', ');
    await bench.run(`INSERT INTO t VALUES ${values}`);
    const Id = await idOf(bench, 'SELECT a, b FROM t ORDER BY a');
    const pages: number[] = [];
    const numbers: (number | undefined)[] = [];
    for await (const { Records = [] } of paginateGetStatementResult({ client: bench.client }, { Id })) {
      pages.push(Records.length);
      numbers.push(...Records.map(([first]) => first?.longValue));
    }
    expect(pages.length).toBe(10);
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, at) => at));
    const call = bench.client.send(new GetStatementResultCommand({ Id, NextToken: 'nonsense' }));
    await expect(call).rejects.toThrow('NextToken is invalid');
  });

  it('waits with WaitTimeSeconds, and is a ResourceNotFoundException when there are no rows by then', async () => {
    const bench = await openDataApi();
    const { Id } = await bench.client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1' }));
    const { Records } = await bench.client.send(new GetStatementResultCommand({ Id, WaitTimeSeconds: 5 }));
    expect(Records).toEqual([[{ longValue: 1 }]]);
    await bench.run('CREATE TABLE t (a int)');
    const other = bench.engine.session();
    await other.execute('BEGIN');
    await other.execute('LOCK t');
    const waiting = await bench.client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT * FROM t', WaitTimeSeconds: 1 }),
    );
    expect(waiting).toMatchObject({ Status: 'STARTED', HasResultSet: false });
    const get = bench.client.send(new GetStatementResultCommand({ Id: waiting.Id, WaitTimeSeconds: 1 }));
    await expect(get).rejects.toThrow(ResourceNotFoundException);
    await other.close();
    expect(await bench.ended(waiting.Id)).toMatchObject({ Status: 'FINISHED', HasResultSet: true });
  });

  it('has nothing of a statement without rows, of one that failed, or of none', async () => {
    const bench = await openDataApi();
    const message = 'Query does not have result. Please check query status with DescribeStatement.';
    for (const sql of ['CREATE TABLE t (a int)', 'SELECT * FROM nowhere']) {
      const get = bench.client.send(new GetStatementResultCommand({ Id: await idOf(bench, sql) }));
      await expect(get).rejects.toThrow(message);
      await expect(get).rejects.toThrow(ResourceNotFoundException);
    }
    const id = '00000000-0000-0000-0000-000000000000';
    const unknown = bench.client.send(new GetStatementResultCommand({ Id: id }));
    await expect(unknown).rejects.toThrow(ResourceNotFoundException);
    await expect(unknown).rejects.toMatchObject({ message: 'Query does not exist.', ResourceId: id });
    const malformed = bench.client.send(new DescribeStatementCommand({ Id: 'nonsense' }));
    await expect(malformed).rejects.toThrow('id must satisfy regex pattern');
    await expect(malformed).rejects.toThrow(ValidationException);
  });

  it('has CSV for statements that were run with it, and only for those', async () => {
    const bench = await openDataApi();
    const Id = await idOf(bench, `SELECT 1 AS a, 'x,"y"' AS b, NULL::int AS c, '' AS d`, {
      ResultFormat: 'CSV',
    });
    const { Records, ResultFormat } = await bench.client.send(new GetStatementResultV2Command({ Id }));
    expect(ResultFormat).toBe('CSV');
    expect(Records).toEqual([{ CSVRecords: 'a,b,c,d\n1,"x,""y""",,""\n' }]);
    await expect(bench.client.send(new GetStatementResultCommand({ Id }))).rejects.toThrow(
      'call GetStatementResultV2',
    );
    const json = await idOf(bench, 'SELECT 1');
    await expect(bench.client.send(new GetStatementResultV2Command({ Id: json }))).rejects.toThrow(
      'call GetStatementResult',
    );
  });

  it('refuses rows and results that are too large', async () => {
    const bench = await openDataApi({ limits: { rowBytes: 100, resultBytes: 150 } });
    expect(await bench.run(`SELECT '${'x'.repeat(101)}'`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('Packet for query is too large'),
    });
    expect(await bench.run(`SELECT '${'x'.repeat(90)}' UNION ALL SELECT '${'y'.repeat(90)}'`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('more than the limit of 150'),
    });
  });
});

describe('CancelStatement', () => {
  it('ends a statement as ABORTED, and refuses one that has ended', async () => {
    const bench = await openDataApi();
    await bench.run('CREATE TABLE t (a int)');
    const other = bench.engine.session();
    await other.execute('BEGIN');
    await other.execute('LOCK t');
    const { Id } = await bench.client.send(
      new BatchExecuteStatementCommand({ ...CLUSTER, Sqls: ['INSERT INTO t VALUES (1)', 'SELECT 1'] }),
    );
    expect(await bench.client.send(new CancelStatementCommand({ Id }))).toMatchObject({ Status: true });
    expect(await bench.ended(Id)).toMatchObject({
      Status: 'ABORTED',
      SubStatements: [{ Status: 'ABORTED' }, { Status: 'ABORTED' }],
    });
    await other.close();
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([[0]]);
    const again = bench.client.send(new CancelStatementCommand({ Id }));
    await expect(again).rejects.toThrow(
      `Could not cancel a query that is already in ABORTED state with ID: ${Id}`,
    );
  });
});
