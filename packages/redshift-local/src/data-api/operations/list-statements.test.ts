import {
  BatchExecuteStatementCommand,
  DescribeTableCommand,
  ExecuteStatementCommand,
  ListDatabasesCommand,
  ListSchemasCommand,
  ListSessionsCommand,
  ListStatementsCommand,
  ListTablesCommand,
  paginateListStatements,
  paginateListTables,
  ResourceNotFoundException,
  ValidationException,
} from '@aws-sdk/client-redshift-data';
import { describe, expect, it } from 'vitest';
import { CLUSTER, eventually, openDataApi, WORKGROUP } from '../../../test/data-api-bench.ts';

describe('ListStatements', () => {
  it('has the newest first, and only what FINISHED unless asked otherwise', async () => {
    const { client, ended } = await openDataApi();
    for (const [name, sql] of [
      ['dev/a/1', 'SELECT 1'],
      ['dev/b/1', 'SELECT * FROM nowhere'],
      ['Dev/c/1', 'SELECT 3'],
    ]) {
      await ended(
        (await client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: sql, StatementName: name }))).Id,
      );
    }
    await ended((await client.send(new ExecuteStatementCommand({ ...WORKGROUP, Sql: 'SELECT 4' }))).Id);
    const namesOf = async (input: object) => {
      const { Statements = [] } = await client.send(new ListStatementsCommand(input));
      return Statements.map(({ StatementName }) => StatementName);
    };
    expect(await namesOf({})).toEqual([undefined, 'Dev/c/1', 'dev/a/1']);
    expect(await namesOf({ Status: 'ALL', StatementName: 'dev/' })).toEqual(['dev/b/1', 'dev/a/1']);
    expect(await namesOf({ Status: 'FAILED' })).toEqual(['dev/b/1']);
    expect(await namesOf({ WorkgroupName: 'workgroup-1', RoleLevel: false })).toEqual([undefined]);
    expect(await namesOf({ Database: 'other' })).toEqual([]);
    const names: (string | undefined)[] = [];
    for await (const page of paginateListStatements({ client, pageSize: 2 }, { Status: 'ALL' })) {
      expect(page.Statements?.length).toBeLessThanOrEqual(2);
      names.push(...(page.Statements ?? []).map(({ StatementName }) => StatementName));
    }
    expect(names).toEqual([undefined, 'Dev/c/1', 'dev/b/1', 'dev/a/1']);
  });
});

describe('sessions', () => {
  it('keep their backend, their settings and their temporary tables', async () => {
    const { client, ended } = await openDataApi();
    const first = await client.send(
      new ExecuteStatementCommand({
        ...CLUSTER,
        Sql: 'CREATE TEMP TABLE t AS SELECT 7 AS a',
        SessionKeepAliveSeconds: 60,
      }),
    );
    const { SessionId } = first;
    expect(SessionId).toBeDefined();
    const described = await ended(first.Id);
    expect(described.SessionId).toBe(SessionId);
    const second = await client.send(
      new ExecuteStatementCommand({ SessionId, Sql: 'SELECT a FROM t', WaitTimeSeconds: 10 }),
    );
    expect(second).toMatchObject({ Status: 'FINISHED', RedshiftPid: described.RedshiftPid });
    const { Sessions } = await client.send(new ListSessionsCommand({ SessionId }));
    expect(Sessions).toMatchObject([
      { SessionId, Status: 'AVAILABLE', SessionAliveSeconds: 60, Database: 'dev' },
    ]);
  });

  it('go on after a batch that failed, without its transaction', async () => {
    const { client, ended, server } = await openDataApi();
    const { Id, SessionId } = await client.send(
      new ExecuteStatementCommand({
        ...CLUSTER,
        Sql: 'CREATE TEMP TABLE t (a int)',
        SessionKeepAliveSeconds: 60,
      }),
    );
    await ended(Id);
    const batch = async (...Sqls: string[]) =>
      ended((await client.send(new BatchExecuteStatementCommand({ SessionId, Sqls }))).Id);
    expect(await batch('INSERT INTO t VALUES (1)', 'SELECT * FROM nowhere')).toHaveProperty(
      'Status',
      'FAILED',
    );
    server.faults.set({ serializableViolations: 1 });
    expect(await batch('INSERT INTO t VALUES (1)')).toHaveProperty('Status', 'FAILED');
    expect(
      await batch('INSERT INTO t VALUES (1)', 'SELECT 1 / count(*) FROM t HAVING count(*) = 1'),
    ).toMatchObject({
      Status: 'FINISHED',
      SubStatements: [{}, { ResultRows: 1 }],
    });
  });

  it('take one statement at a time', async () => {
    const { client, ended, run, engine } = await openDataApi();
    await run('CREATE TABLE t (a int)');
    const other = engine.session();
    await other.execute('BEGIN');
    await other.execute('LOCK t');
    const { Id, SessionId } = await client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT * FROM t', SessionKeepAliveSeconds: 60 }),
    );
    await expect(client.send(new ExecuteStatementCommand({ SessionId, Sql: 'SELECT 1' }))).rejects.toThrow(
      /Session is busy/u,
    );
    const { Sessions } = await client.send(new ListSessionsCommand({ Status: 'BUSY' }));
    expect(Sessions).toMatchObject([{ SessionId, CurrentStatementId: Id }]);
    await other.close();
    await ended(Id);
  });

  it('end when they were idle for as long as was said', async () => {
    let now = Date.now();
    const { client, ended } = await openDataApi({ now: () => now });
    const { Id, SessionId } = await client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1', SessionKeepAliveSeconds: 30 }),
    );
    await ended(Id);
    now += 31_000;
    const call = client.send(new ExecuteStatementCommand({ SessionId, Sql: 'SELECT 1' }));
    await expect(call).rejects.toThrow('Session is not available');
    await expect(call).rejects.toThrow(ValidationException);
    await eventually(async () => {
      const { Sessions } = await client.send(new ListSessionsCommand({ SessionId }));
      return Sessions?.[0]?.Status === 'CLOSED';
    });
  });

  it('are told apart: unknown ones, and too many', async () => {
    const { client } = await openDataApi({ limits: { sessions: 1 } });
    const SessionId = '00000000-0000-0000-0000-000000000000';
    const keep = new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1', SessionKeepAliveSeconds: 9 });
    await expect(client.send(new ExecuteStatementCommand({ SessionId, Sql: 'SELECT 1' }))).rejects.toThrow(
      `Session with Id: ${SessionId} is invalid`,
    );
    await expect(client.send(new ListSessionsCommand({ SessionId }))).rejects.toThrow(
      ResourceNotFoundException,
    );
    await expect(
      client.send(new ExecuteStatementCommand({ ...CLUSTER, SessionId, Sql: 'SELECT 1' })),
    ).rejects.toThrow('ClusterIdentifier cannot be provided with SessionId');
    await client.send(keep);
    await expect(client.send(keep)).rejects.toMatchObject({ name: 'ActiveSessionsExceededException' });
  });
});

describe('the metadata operations', () => {
  it('list databases, schemas, tables and columns, by patterns and in pages', async () => {
    const { client, run } = await openDataApi();
    await run('CREATE SCHEMA shop');
    for (const name of ['orders', 'order_lines', 'people']) {
      await run(
        `CREATE TABLE shop.${name} (id bigint NOT NULL, name varchar(20) DEFAULT 'x', n numeric(8,2))`,
      );
    }
    await run('CREATE VIEW shop.big AS SELECT id FROM shop.orders');
    expect((await client.send(new ListDatabasesCommand(CLUSTER))).Databases).toEqual(['dev']);
    const schemas = await client.send(new ListSchemasCommand({ ...CLUSTER, SchemaPattern: 'sh_p' }));
    expect(schemas.Schemas).toEqual(['shop']);
    const tables = await client.send(
      new ListTablesCommand({ ...CLUSTER, SchemaPattern: 'shop', TablePattern: 'order%' }),
    );
    expect(tables.Tables).toEqual([
      { name: 'order_lines', schema: 'shop', type: 'TABLE' },
      { name: 'orders', schema: 'shop', type: 'TABLE' },
    ]);
    const names: (string | undefined)[] = [];
    for await (const { Tables = [] } of paginateListTables(
      { client, pageSize: 3 },
      { ...CLUSTER, SchemaPattern: 'shop' },
    )) {
      names.push(...Tables.map(({ name }) => name));
    }
    expect(names).toEqual(['big', 'order_lines', 'orders', 'people']);
    const { ColumnList } = await client.send(
      new DescribeTableCommand({ ...CLUSTER, Schema: 'shop', Table: 'orders' }),
    );
    expect(ColumnList).toMatchObject([
      { name: 'id', typeName: 'int8', nullable: 0, schemaName: 'shop', tableName: 'orders' },
      { name: 'name', typeName: 'varchar', length: 20, nullable: 1, columnDefault: "'x'" },
      { name: 'n', typeName: 'numeric', precision: 8, scale: 2 },
    ]);
    await expect(client.send(new DescribeTableCommand({ ...CLUSTER, Table: 'orders' }))).rejects.toThrow(
      'relation "public.orders" does not exist',
    );
  });

  it('refuse another database', async () => {
    const { client, ended } = await openDataApi();
    await expect(client.send(new ListTablesCommand({ ...CLUSTER, Database: 'other' }))).rejects.toThrow(
      'FATAL: database "other" does not exist',
    );
    const { Id } = await client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Database: 'other', Sql: 'SELECT 1' }),
    );
    expect(await ended(Id)).toMatchObject({
      Status: 'FAILED',
      Error: 'FATAL: database "other" does not exist',
    });
  });
});
