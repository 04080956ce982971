import {
  BatchExecuteStatementCommand,
  ExecuteStatementCommand,
  ListStatementsCommand,
} from '@aws-sdk/client-redshift-data';
import { MemoryObjectStore } from '@millrace/testkit';
import { describe, expect, it } from 'vitest';
import { CLUSTER, connect, eventually, openDataApi, WORKGROUP } from '../../test/data-api-bench.ts';
import { openEngine } from '../../test/open-engine.ts';
import { DataApiServer } from './data-api-server.ts';

async function post(url: string, target: string, body: string): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body,
  });
  return { status: response.status, answer: await response.json() };
}

describe('the protocol', () => {
  it('refuses what it is not, and says what it is', async () => {
    const { server } = await openDataApi();
    expect(await post(server.url, 'RedshiftData.CreateCluster', '{}')).toMatchObject({
      status: 400,
      answer: {
        __type: 'UnknownOperationException',
        message: expect.stringContaining('there is no operation CreateCluster; there are ExecuteStatement'),
      },
    });
    expect(await post(server.url, 'DynamoDB_20120810.GetItem', '{}')).toMatchObject({
      answer: { message: expect.stringContaining('this is the Redshift Data API') },
    });
    expect(await post(server.url, 'RedshiftData.ExecuteStatement', '{')).toMatchObject({
      answer: { __type: 'SerializationException', message: 'the body is not JSON' },
    });
    expect(await post(server.url, 'RedshiftData.ExecuteStatement', '{"Sql": 1}')).toMatchObject({
      answer: { __type: 'SerializationException', message: 'Sql is not a string' },
    });
    const get = await fetch(server.url);
    expect(get.status).toBe(400);
    expect(get.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
  });
});

describe('credentials', () => {
  const credentials = [
    {
      accessKeyId: 'AKIAKNOWN',
      secretAccessKey: 'right',
      principal: 'arn:aws:iam::123456789012:role/loader',
    },
  ];
  const callAs = async (accessKeyId: string, secretAccessKey: string) => {
    const { server, events } = await openDataApi({ credentials });
    const client = connect(server.url, { credentials: { accessKeyId, secretAccessKey } });
    const call = new ExecuteStatementCommand({ ...CLUSTER, Sql: "SELECT 'ä'", WithEvent: true });
    const answer = await client.send(call).catch((error: Error) => error.name);
    return { answer, events, server };
  };

  it('that are known may call, and are named by events', async () => {
    const { answer, events } = await callAs('AKIAKNOWN', 'right');
    expect(answer).toHaveProperty('Id');
    await eventually(() => events.length === 1);
    expect(events[0]?.detail.principal).toBe('arn:aws:iam::123456789012:role/loader');
  });

  it('of an unknown key, of a wrong signature, and none at all are refused', async () => {
    expect((await callAs('AKIAOTHER', 'right')).answer).toBe('UnrecognizedClientException');
    const { answer, server } = await callAs('AKIAKNOWN', 'wrong');
    expect(answer).toBe('InvalidSignatureException');
    expect(await post(server.url, 'RedshiftData.ListStatements', '{}')).toMatchObject({
      status: 400,
      answer: { __type: 'MissingAuthenticationTokenException' },
    });
  });
});

describe('a completion event', () => {
  it('of a cluster has the form that EventBridge delivers', async () => {
    const { client, ended, events } = await openDataApi();
    const { Id } = await client.send(
      new BatchExecuteStatementCommand({
        ...CLUSTER,
        Sqls: ['CREATE TABLE t (a int)', 'INSERT INTO t VALUES (1), (2)'],
        StatementName: 'dev/public.t/job/1',
        WithEvent: true,
      }),
    );
    const { CreatedAt } = await ended(Id);
    await eventually(() => events.length === 1);
    expect(events[0]).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
      'detail-type': 'Redshift Data Statement Status Change',
      source: 'aws.redshift-data',
      account: '123456789012',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u),
      region: 'eu-west-1',
      resources: ['arn:aws:redshift:eu-west-1:123456789012:cluster:cluster-1'],
      detail: {
        principal: 'arn:aws:iam::123456789012:user/AKIDEXAMPLE',
        statementName: 'dev/public.t/job/1',
        statementId: Id,
        redshiftQueryId: 0,
        state: 'FINISHED',
        rows: 2,
        expireAt: Math.floor((CreatedAt?.getTime() ?? 0) / 1000) + 86_400,
      },
    });
  });

  it('of a workgroup names it, and a statement without WithEvent has none', async () => {
    const { client, events, run } = await openDataApi();
    await run('SELECT 1');
    await client.send(
      new ExecuteStatementCommand({ ...WORKGROUP, Sql: 'SELECT * FROM nowhere', WithEvent: true }),
    );
    await eventually(() => events.length > 0);
    expect(events).toMatchObject([
      {
        resources: ['arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/workgroup-1'],
        detail: { state: 'FAILED', statementName: '', rows: 0 },
      },
    ]);
  });

  it('that cannot be delivered is told to whoever started the server', async () => {
    const errors: unknown[] = [];
    const { client } = await openDataApi({
      onEvent: () => Promise.reject(new Error('the webhook is away')),
      onError: (error) => errors.push(error),
    });
    await client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1', WithEvent: true }));
    await eventually(() => errors.length === 1);
    expect(errors[0]).toMatchObject({ message: 'the webhook is away' });
  });
});

describe('a statement', () => {
  it('runs in the session whose pid it tells: stl_load_errors has what a COPY found', async () => {
    const objects = new MemoryObjectStore();
    await objects.write({ bucket: 'b', key: 'bad.csv' }, '1\nx\n');
    const bench = await openDataApi({ objects });
    await bench.run('CREATE TABLE t (a int)');
    const failed = await bench.run(
      "COPY t FROM 's3://b/bad.csv' IAM_ROLE 'arn:aws:iam::123456789012:role/r' CSV",
    );
    expect(failed).toMatchObject({
      Status: 'FAILED',
      Error: "ERROR: Load into table 't' failed.  Check 'stl_load_errors' system table for details.",
    });
    expect(
      await bench.rows(
        `SELECT line_number, trim(raw_field_value) FROM stl_load_errors WHERE session = ${failed.RedshiftPid}`,
      ),
    ).toEqual([[2, 'x']]);
  });

  it('runs as its DbUser, with the rights of that user', async () => {
    const bench = await openDataApi();
    await bench.run('CREATE TABLE t (a int)');
    await bench.run("CREATE USER loader PASSWORD 'Secret123'");
    const insert = new ExecuteStatementCommand({
      ...CLUSTER,
      DbUser: 'loader',
      Sql: 'INSERT INTO t VALUES (1)',
    });
    expect(await bench.ended((await bench.client.send(insert)).Id)).toMatchObject({
      Status: 'FAILED',
      Error: 'ERROR: permission denied for relation t',
    });
    await bench.run('GRANT INSERT ON t TO loader');
    expect(await bench.ended((await bench.client.send(insert)).Id)).toMatchObject({ Status: 'FINISHED' });
  });

  it('is not seen half done: others wait for the lock, or see nothing of it', async () => {
    const bench = await openDataApi();
    await bench.run('CREATE TABLE t (a int)');
    const calls = Array.from({ length: 20 }, (_, at) =>
      bench.client.send(
        new BatchExecuteStatementCommand({
          ...CLUSTER,
          Sqls: ['LOCK t', `INSERT INTO t SELECT ${at}`, 'INSERT INTO t SELECT count(*) FROM t'],
        }),
      ),
    );
    for (const { Id } of await Promise.all(calls))
      expect(await bench.ended(Id)).toHaveProperty('Status', 'FINISHED');
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([[40]]);
  });
});

describe('a server', () => {
  it('that closes ends what runs, and leaves the engine to its owner', async () => {
    const engine = await openEngine();
    const server = await DataApiServer.start({ engine });
    const client = connect(server.url);
    await engine.runBatch(['CREATE TABLE t (a int)']);
    const other = engine.session();
    await other.execute('BEGIN');
    await other.execute('LOCK t');
    const call = client.send(
      new ExecuteStatementCommand({ ...CLUSTER, Sql: 'INSERT INTO t VALUES (1)', WaitTimeSeconds: 30 }),
    );
    await eventually(async () => {
      const { Statements } = await client.send(new ListStatementsCommand({ Status: 'STARTED' }));
      return Statements?.length === 1;
    });
    await server.close();
    await call.catch(() => undefined);
    await other.close();
    expect(await engine.runBatch(['SELECT count(*) FROM t'])).toMatchObject([{ rows: [[0]] }]);
  });

  it('refuses a fault that makes no sense, and a port that is taken', async () => {
    const { server, engine } = await openDataApi();
    await expect(DataApiServer.start({ engine, faults: { eventLoss: 2 } })).rejects.toThrow('from 0 to 1');
    const port = Number(new URL(server.url).port);
    await expect(DataApiServer.start({ engine, port })).rejects.toThrow('EADDRINUSE');
  });
});
