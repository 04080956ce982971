import { describe, expect, it } from 'vitest';
import { RedshiftLocal, type Session } from '../src/index.ts';
import { noObjects } from './no-objects.ts';
import { openEngine, rowsOf } from './open-engine.ts';

/** Whether the promise is still open after the event loop had some turns. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await new Promise((resolve) => setTimeout(resolve, 60));
  return !settled;
}

async function run(session: Session, ...statements: string[]): Promise<void> {
  for (const sql of statements) await session.execute(sql);
}

describe('transactions', () => {
  it('are aborted by a failure and end with COMMIT or ROLLBACK', async () => {
    const session = (await openEngine()).session();
    await run(
      session,
      'create table t (a int)',
      'begin',
      'insert into t values (1)',
      'create temp table x (a int)',
    );
    await expect(session.execute('select nope from t')).rejects.toThrow();
    await expect(session.execute('select 1')).rejects.toMatchObject({ sqlState: '25P02' });
    expect(await session.execute('commit')).toMatchObject({ tag: 'ROLLBACK' });
    expect(await rowsOf(session, 'select count(*) from t')).toEqual([[0]]);
    await expect(session.execute('select * from x')).rejects.toThrow('relation "x" does not exist');
    await run(
      session,
      'start transaction',
      'insert into t values (1)',
      'end',
      'begin work',
      'insert into t values (2)',
      'abort',
    );
    expect(await rowsOf(session, 'select a from t')).toEqual([[1]]);
    expect(await session.execute('commit')).toMatchObject({ tag: 'COMMIT' });
  });

  it('make DDL and its metadata one thing', async () => {
    const engine = await openEngine();
    const session = engine.session();
    await run(session, 'begin', 'create table t (a varchar(3))', 'alter table t add b int', 'rollback');
    expect(await engine.describeTable('t')).toBeUndefined();
    await run(
      session,
      'begin',
      'create table t (a varchar(3))',
      'commit',
      'begin',
      'drop table t',
      'rollback',
    );
    await expect(session.execute("insert into t values ('abcd')")).rejects.toThrow('value too long');
    const other = engine.session();
    await run(session, 'begin', 'create table unseen (a int)');
    await expect(other.execute('select * from unseen')).rejects.toThrow('relation "unseen" does not exist');
    await session.execute('commit');
    expect(await rowsOf(other, 'select count(*) from unseen')).toEqual([[0]]);
  });

  it('take settings back', async () => {
    const session = (await openEngine()).session();
    await run(session, 'set query_group to etl', 'begin', 'set query_group to other', 'rollback');
    expect(await rowsOf(session, 'show query_group')).toEqual([['etl']]);
    await run(session, 'reset query_group', 'set enable_case_sensitive_identifier to true');
    expect(await rowsOf(session, 'show query_group')).toEqual([['default']]);
    await expect(session.execute('set nonsense to 1')).rejects.toThrow(
      'unrecognized configuration parameter "nonsense"',
    );
    await expect(session.execute("set statement_timeout to 'soon'")).rejects.toThrow(
      'requires an integer value',
    );
  });

  it('are committed by TRUNCATE', async () => {
    const session = (await openEngine()).session();
    await run(session, 'create table t (a int)', 'create table u (a int)', 'insert into t values (1)');
    await run(session, 'begin', 'insert into u values (1)', 'truncate t', 'rollback');
    expect(await rowsOf(session, 'select (select count(*) from t), (select count(*) from u)')).toEqual([
      [0, 1],
    ]);
  });
});

describe('locks', () => {
  it('let writers of a table queue, each with a fresh snapshot, while readers never wait', async () => {
    const engine = await openEngine();
    const [one, two, reader] = [engine.session(), engine.session(), engine.session()];
    await run(one, 'create table t (a int)', 'insert into t values (1)', 'begin', 'update t set a = a + 1');
    const second = two.execute('update t set a = a + 1');
    expect(await isWaiting(second)).toBe(true);
    expect(await rowsOf(reader, 'select a from t')).toEqual([[1]]);
    await one.execute('commit');
    await second;
    expect(await rowsOf(reader, 'select a from t')).toEqual([[3]]);
  });

  it('of LOCK shut readers out, to the end of the transaction', async () => {
    const engine = await openEngine();
    const [one, reader] = [engine.session(), engine.session()];
    await run(one, 'create table t (a int)', 'create view v as select a from t', 'begin', 'lock table t');
    const direct = reader.execute('select * from t');
    const other = engine.session().execute('select * from v');
    expect(await isWaiting(direct)).toBe(true);
    expect(await isWaiting(other)).toBe(true);
    await one.execute('commit');
    await Promise.all([direct, other]);
  });

  it('give a transaction that locks first a snapshot with everything before it', async () => {
    const engine = await openEngine();
    const [one, two] = [engine.session(), engine.session()];
    await run(
      one,
      'create table lane (a int)',
      'create table t (a int)',
      'begin',
      'lock lane',
      'insert into t values (1)',
    );
    const second = (async () => {
      await run(two, 'begin', 'set statement_timeout to 5000', 'lock lane');
      return rowsOf(two, 'select count(*) from t');
    })();
    expect(await isWaiting(second)).toBe(true);
    await one.execute('commit');
    expect(await second).toEqual([[1]]);
    await two.execute('commit');
  });

  it('keep a reader on its snapshot', async () => {
    const engine = await openEngine();
    const [reader, writer] = [engine.session(), engine.session()];
    await run(writer, 'create table t (a int)');
    await run(reader, 'begin');
    expect(await rowsOf(reader, 'select count(*) from t')).toEqual([[0]]);
    await writer.execute('insert into t values (1)');
    expect(await rowsOf(reader, 'select count(*) from t')).toEqual([[0]]);
    await reader.execute('commit');
    expect(await rowsOf(reader, 'select count(*) from t')).toEqual([[1]]);
  });

  it('fail one of two transactions that wait for each other', async () => {
    const engine = await openEngine();
    const [one, two] = [engine.session(), engine.session()];
    await run(one, 'create table x (a int)', 'create table y (a int)', 'begin', 'insert into x values (1)');
    await run(two, 'begin', 'insert into y values (1)');
    const first = one.execute('insert into y values (2)');
    expect(await isWaiting(first)).toBe(true);
    await expect(two.execute('insert into x values (2)')).rejects.toMatchObject({
      message: 'deadlock detected',
      sqlState: '40P01',
    });
    await first;
    await one.execute('commit');
    expect(await rowsOf(one, 'select (select count(*) from x), (select count(*) from y)')).toEqual([[1, 1]]);
  });

  it('are waited for no longer than statement_timeout, and cancel ends the wait', async () => {
    const engine = await openEngine();
    const [one, two] = [engine.session(), engine.session()];
    await run(one, 'create table t (a int)', 'begin', 'lock t');
    await two.execute('set statement_timeout to 80');
    await expect(two.execute('insert into t values (1)')).rejects.toMatchObject({
      message: 'canceling statement due to statement timeout',
      sqlState: '57014',
    });
    await two.execute('reset statement_timeout');
    const waiting = two.execute('insert into t values (1)');
    expect(await isWaiting(waiting)).toBe(true);
    two.cancel();
    await expect(waiting).rejects.toThrow("cancelled on user's request");
    await one.execute('commit');
    await two.execute('insert into t values (1)');
  });

  it('do not outlive a failed statement', async () => {
    const engine = await openEngine();
    const [one, two] = [engine.session(), engine.session()];
    await run(one, 'create table t (a int)', 'begin', 'insert into t values (1)');
    await expect(one.execute('select nope')).rejects.toThrow();
    await two.execute('insert into t values (2)');
    await one.execute('rollback');
  });
});

describe('long statements', () => {
  const endless = 'select count(*) from t a, t b, t c, t d where a.n + b.n + c.n + d.n = 1';

  it('end at their timeout and on cancel, and leave the session usable', async () => {
    const session = (await openEngine()).session();
    await run(session, 'create table t (n int)', 'insert into t values (1)');
    for (let doubling = 0; doubling < 11; doubling += 1)
      await session.execute('insert into t select n + 1 from t');
    await session.execute('set statement_timeout to 150');
    await expect(session.execute(endless)).rejects.toMatchObject({ sqlState: '57014' });
    await session.execute('set statement_timeout to 0');
    const running = session.execute(endless);
    setTimeout(() => session.cancel(), 100);
    await expect(running).rejects.toThrow("cancelled on user's request");
    expect(await rowsOf(session, 'select count(*) from t')).toEqual([[2048]]);
  });
});

describe('serializable violations', () => {
  it('come when a row was changed after the snapshot', async () => {
    const engine = await openEngine();
    const [one, two] = [engine.session(), engine.session()];
    await run(
      one,
      'create table t (a int)',
      'create table u (a int)',
      'insert into t values (1)',
      'begin',
      'select * from u',
    );
    await two.execute('update t set a = 2');
    await expect(one.execute('update t set a = 3')).rejects.toMatchObject({
      message: expect.stringMatching(
        /^1023\n.*Serializable isolation violation on table - \d+, transactions forming the cycle are: \d+, \d+ \(pid:\d+\)/u,
      ),
      sqlState: '40001',
    });
  });

  it('come on demand at the next commit that wrote the table, once', async () => {
    const engine = await openEngine();
    const session = engine.session();
    await run(session, 'create table t (a int)', 'create table u (a int)');
    engine.failNextCommitSerializable('public.t');
    await session.execute('insert into u values (1)');
    await expect(engine.runBatch(['insert into u values (2)', 'insert into t values (1)'])).rejects.toThrow(
      'Serializable isolation violation on table',
    );
    await engine.runBatch(['insert into t values (1)']);
    expect(await rowsOf(session, 'select (select count(*) from t), (select count(*) from u)')).toEqual([
      [1, 1],
    ]);
  });
});

describe('runBatch', () => {
  it('is all or nothing, in a session of its own', async () => {
    const engine = await openEngine();
    const session = engine.session();
    await session.execute('create table t (a int)');
    const pids: number[] = [];
    const results = await engine.runBatch(
      [
        'create temp table s as select 1 a',
        'insert into t select a from s',
        'select count(*) from t',
        'select pg_backend_pid(), current_user',
      ],
      { onBackend: ({ pid }) => pids.push(pid) },
    );
    expect(results[2]).toMatchObject({ kind: 'rows', rows: [[1]] });
    expect(results[3]).toMatchObject({ rows: [[pids[0], 'awsuser']] });
    await expect(
      engine.runBatch(['insert into t values (2)', "select cast('guard: ' || a as int) from t"]),
    ).rejects.toThrow('invalid input syntax for integer: "guard: ');
    expect(await rowsOf(session, 'select a from t')).toEqual([[1]]);
  });

  it('can be cancelled while it runs', async () => {
    const engine = await openEngine();
    const holder = engine.session();
    await run(holder, 'create table t (a int)', 'begin', 'lock t');
    const cancelled = engine.runBatch(['insert into t values (1)'], {
      onBackend: (session) => setTimeout(() => session.cancel(), 50),
    });
    await expect(cancelled).rejects.toMatchObject({ sqlState: '57014' });
  });
});

it('a session of a closed warehouse says so', async () => {
  const engine = await RedshiftLocal.open({ path: ':memory:', objects: noObjects });
  await engine.close();
  await expect(engine.session().execute('select 1')).rejects.toMatchObject({
    name: 'RedshiftError',
    sqlState: '57P01',
    message: 'the warehouse is closed; open it again',
  });
});
