import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  ExecuteStatementException,
  ListTablesCommand,
  ValidationException,
} from '@aws-sdk/client-redshift-data';
import { MemoryObjectStore } from '@millrace/testkit';
import { describe, expect, it } from 'vitest';
import { CLUSTER, connect, type DataApiBench, eventually, openDataApi } from '../../test/data-api-bench.ts';
import { FAULTS_PATH } from './fault-endpoint.ts';
import { type FaultSettings, parseFault } from './faults.ts';

const batch = (bench: DataApiBench, ...sqls: string[]) =>
  bench.client.send(new BatchExecuteStatementCommand({ ...CLUSTER, Sqls: sqls, WithEvent: true }));

const countOf = (bench: DataApiBench) => bench.engine.runBatch(['SELECT count(*) FROM t']);

async function openWith(faults: Partial<FaultSettings>): Promise<DataApiBench> {
  const bench = await openDataApi();
  await bench.run('CREATE TABLE t (a int)');
  bench.server.faults.set(faults);
  return bench;
}

/** A statement that waits for a lock until `letGo`. */
async function blocked(bench: DataApiBench): Promise<{ id: string; letGo: () => Promise<void> }> {
  const other = bench.engine.session();
  await other.execute('BEGIN');
  await other.execute('LOCK t');
  const { Id = '' } = await batch(bench, 'INSERT INTO t VALUES (1)');
  await eventually(async () => {
    const { SubStatements } = await bench.client.send(new DescribeStatementCommand({ Id }));
    return SubStatements?.[0]?.Status === 'STARTED';
  });
  return { id: Id, letGo: () => other.close() };
}

describe('a fault', () => {
  it('eventLoss keeps an event from being sent', async () => {
    const bench = await openWith({ eventLoss: 1 });
    await bench.ended((await batch(bench, 'SELECT 1')).Id);
    bench.server.faults.set({ eventLoss: 0 });
    const { Id } = await batch(bench, 'SELECT 1');
    await eventually(() => bench.events.length > 0);
    expect(bench.events.map(({ detail }) => detail.statementId)).toEqual([Id]);
  });

  it('eventDuplicates sends an event twice, both the same', async () => {
    const bench = await openWith({ eventDuplicates: 1 });
    await batch(bench, 'SELECT 1');
    await eventually(() => bench.events.length === 2);
    expect(bench.events[1]).toEqual(bench.events[0]);
  });

  it('eventDelayMs lets events overtake one another', async () => {
    const bench = await openWith({ eventDelayMs: 3_000, seed: 7 });
    const ids: (string | undefined)[] = [];
    for (let at = 0; at < 5; at += 1) {
      const { Id } = await batch(bench, 'SELECT 1');
      await bench.ended(Id);
      ids.push(Id);
    }
    await eventually(() => bench.events.length === 5);
    const came = bench.events.map(({ detail }) => detail.statementId);
    expect(came.toSorted()).toEqual(ids.toSorted());
    expect(came).not.toEqual(ids);
  });

  it.each([
    ['maintenance', 'Connection refused. The cluster is under maintenance', ExecuteStatementException],
    ['pause', 'The cluster is paused', ValidationException],
  ] as const)('%s kills what runs and refuses what needs the warehouse', async (fault, words, exception) => {
    const bench = await openWith({});
    const { id, letGo } = await blocked(bench);
    bench.server.faults.set({ [fault]: true });
    expect(await bench.ended(id)).toMatchObject({
      Status: 'FAILED',
      Error: 'Query #1 failed with FATAL: terminating connection due to administrator command',
    });
    const execute = bench.client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1' }));
    await expect(execute).rejects.toThrow(words);
    await expect(execute).rejects.toThrow(exception);
    await expect(bench.client.send(new ListTablesCommand(CLUSTER))).rejects.toThrow(words);
    await letGo();
    bench.server.faults.clear();
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([[0]]);
  });

  it('throttle answers calls with a ThrottlingException, which the SDK tries again', async () => {
    const bench = await openWith({ throttle: 0.5, seed: 3 });
    const client = connect(bench.server.url, { maxAttempts: 10 });
    const counts = { throttled: 0 };
    for (let at = 0; at < 10; at += 1) {
      await bench.client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1' })).catch((error) => {
        expect(error).toMatchObject({ name: 'ThrottlingException', message: 'Rate exceeded' });
        counts.throttled += 1;
      });
    }
    expect(counts.throttled).toBeGreaterThan(0);
    expect(counts.throttled).toBeLessThan(10);
    const { Id } = await client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: 'SELECT 1' }));
    expect(Id).toBeDefined();
  });

  it('serializableViolations makes so many commits fail with 1023, and nothing is kept of them', async () => {
    const bench = await openWith({ serializableViolations: 2 });
    const failed = await bench.ended((await batch(bench, 'INSERT INTO t VALUES (1)')).Id);
    expect(failed).toMatchObject({ Status: 'FAILED', Error: expect.stringMatching(/^ERROR: 1023\b/u) });
    expect(failed.Error).toContain('Serializable isolation violation');
    expect(await bench.run('INSERT INTO t VALUES (1)')).toMatchObject({ Status: 'FAILED' });
    expect(await bench.run('INSERT INTO t VALUES (1)')).toMatchObject({ Status: 'FINISHED' });
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([[1]]);
  });

  it('slowCopyMs makes a COPY wait, and CancelStatement ends the wait', async () => {
    const objects = new MemoryObjectStore();
    await objects.write({ bucket: 'b', key: 'k' }, '1\n');
    const bench = await openDataApi({ objects });
    await bench.run('CREATE TABLE t (a int)');
    bench.server.faults.set({ slowCopyMs: 300 });
    const copy = "COPY t FROM 's3://b/k' IAM_ROLE 'arn:aws:iam::123456789012:role/r' CSV";
    const startedAt = performance.now();
    expect(await bench.run(copy)).toMatchObject({ Status: 'FINISHED' });
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    bench.server.faults.set({ slowCopyMs: 60_000 });
    const { Id } = await batch(bench, copy);
    await eventually(async () => {
      const { SubStatements } = await bench.client.send(new DescribeStatementCommand({ Id }));
      return SubStatements?.[0]?.Status === 'STARTED';
    });
    await bench.client.send(new CancelStatementCommand({ Id }));
    expect(await bench.ended(Id)).toMatchObject({ Status: 'ABORTED' });
    expect(await bench.rows('SELECT a FROM t')).toEqual([[1]]);
  });

  it('lostCommitReply commits, and tells that the statement failed', async () => {
    const bench = await openWith({ lostCommitReply: 1 });
    expect(await bench.ended((await batch(bench, 'INSERT INTO t VALUES (1)')).Id)).toMatchObject({
      Status: 'FAILED',
      Error: 'An I/O error occurred while sending to the backend.',
    });
    expect(await countOf(bench)).toMatchObject([{ rows: [[1]] }]);
    expect(await bench.run('INSERT INTO t VALUES (2)')).toMatchObject({ Status: 'FINISHED' });
  });

  it('lostReply runs a statement whose caller hears nothing, and finds it again by its token', async () => {
    const bench = await openWith({ lostReply: 1 });
    const call = new ExecuteStatementCommand({
      ...CLUSTER,
      Sql: 'INSERT INTO t VALUES (1)',
      ClientToken: 'job-1-attempt-1',
    });
    await expect(bench.client.send(call)).rejects.toThrow(/socket hang up|ECONNRESET/u);
    const { Id } = await bench.client.send(call);
    expect(await bench.ended(Id)).toMatchObject({ Status: 'FINISHED' });
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([[1]]);
  });

  it('backendDeath rolls a transaction back in its middle', async () => {
    const bench = await openWith({ backendDeath: 1 });
    const died = await bench.ended(
      (await batch(bench, 'INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)')).Id,
    );
    expect(died).toMatchObject({
      Status: 'FAILED',
      Error: 'Query #2 failed with An I/O error occurred while sending to the backend.',
      SubStatements: [{ Status: 'FINISHED' }, { Status: 'FAILED' }],
    });
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([[0]]);
  });
});

describe('the admin endpoint', () => {
  it('shows faults, changes those that are named, and switches all off', async () => {
    const { server } = await openDataApi();
    const call = async (method: string, body?: string): Promise<unknown> => {
      const response = await fetch(`${server.url}${FAULTS_PATH}`, { method, body: body ?? null });
      return response.json();
    };
    expect(await call('PUT', '{"eventLoss": 0.5, "maintenance": true}')).toMatchObject({
      eventLoss: 0.5,
      maintenance: true,
      throttle: 0,
    });
    expect(await call('GET')).toEqual(server.faults.settings);
    expect(await call('PUT', '{"storm": 1}')).toMatchObject({
      message: expect.stringContaining("no fault 'storm'"),
    });
    expect(await call('PUT', '[]')).toMatchObject({ message: expect.stringContaining('not a JSON object') });
    expect(await call('POST', '{}')).toMatchObject({ message: expect.stringContaining('takes GET, PUT') });
    expect(await call('DELETE')).toMatchObject({ eventLoss: 0, maintenance: false });
  });
});

describe('a fault as a flag', () => {
  it('is read by its kind', () => {
    expect(parseFault('eventLoss=0.25')).toEqual({ eventLoss: 0.25 });
    expect(parseFault('maintenance')).toEqual({ maintenance: true });
    expect(parseFault('pause=off')).toEqual({ pause: false });
    expect(parseFault('slowCopyMs=50')).toEqual({ slowCopyMs: 50 });
  });

  it.each([
    ['storm=1', "there is no fault 'storm'"],
    ['eventLoss=1.5', 'is a probability from 0 to 1, not 1.5'],
    ['eventLoss', "wants a number, not ''"],
    ['pause=maybe', "wants true or false, not 'maybe'"],
    ['backendDeath=0.5', 'wants a whole number from 0 on, not 0.5'],
  ])('%s is refused', (text, message) => {
    expect(() => parseFault(text)).toThrow(message);
  });
});
