import { describe, expect, it } from 'vitest';
import { openEngine, rowsOf } from './open-engine.ts';

describe('functions that tell of the session', () => {
  it('answer alone as they do in a longer query', async () => {
    const session = (await openEngine()).session();
    for (const name of [
      'pg_last_copy_count',
      'pg_last_copy_id',
      'pg_last_query_id',
      'pg_last_unload_count',
      'pg_last_unload_id',
      'pg_backend_pid',
    ]) {
      const alone = await session.execute(`select ${name}()`);
      const among = await session.execute(`select ${name}(), 1 as one`);
      if (alone.kind !== 'rows' || among.kind !== 'rows') throw new Error(`${name} gave no rows`);
      expect(alone.columns).toEqual([among.columns[0]]);
      // Every statement has an id of its own.
      const between = name === 'pg_last_query_id' ? 1 : 0;
      expect(Number(alone.rows[0]?.[0]) + between).toBe(among.rows[0]?.[0]);
      expect(await session.execute(`SELECT ${name.toUpperCase()} ( ) AS Told ;`)).toMatchObject({
        columns: [{ name: 'told' }],
      });
    }
    expect(await rowsOf(session, 'select pg_backend_pid()')).toEqual([[session.pid]]);
    await expect(session.execute('select pg_last_copy_count(1)')).rejects.toThrow();
  });

  it('stand among the values of an INSERT, alone or in an expression', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (pid integer, next bigint, who varchar(20), text varchar(40))');
    await session.execute(
      "insert into t values (pg_backend_pid(), PG_BACKEND_PID( ) + 1, current_user, 'pg_backend_pid()')",
    );
    await session.execute('insert into t (pid, next) select pg_backend_pid(), pg_backend_pid() + 1');
    expect(await rowsOf(session, 'select * from t order by who')).toEqual([
      [session.pid, session.pid + 1, 'awsuser', 'pg_backend_pid()'],
      [session.pid, session.pid + 1, null, null],
    ]);
  });

  it('are refused in an aborted transaction', async () => {
    const session = (await openEngine()).session();
    await session.execute('begin');
    await expect(session.execute('select nothing from nowhere')).rejects.toThrow();
    await expect(session.execute('select pg_last_copy_count()')).rejects.toMatchObject({ sqlState: '25P02' });
  });
});

describe('a session finds nothing of those before it', () => {
  it('no temporary table, setting, search path, variable or open transaction', async () => {
    const engine = await openEngine();
    const first = engine.session({ user: 'somebody' });
    for (const sql of [
      'create schema other',
      'create table other.t (a int)',
      'create table public.t (a int)',
      'create temp table left_over (a int)',
      'set search_path to other',
      "set timezone to 'Asia/Tokyo'",
      'begin',
      'insert into other.t values (1)',
    ])
      await first.execute(sql);
    expect(await rowsOf(first, 'select current_user, count(*) from t')).toEqual([['somebody', 1]]);
    await first.close();

    for (let round = 0; round < 3; round += 1) {
      const next = engine.session();
      await expect(next.execute('select * from left_over')).rejects.toMatchObject({ sqlState: '42P01' });
      expect(await rowsOf(next, 'show timezone')).toEqual([['UTC']]);
      expect(await rowsOf(next, "select cast(timestamp '2024-01-01 00:00:00' as timestamptz)")).toEqual([
        ['2024-01-01 00:00:00+00'],
      ]);
      expect(await rowsOf(next, 'select current_user, (select count(*) from other.t)')).toEqual([
        ['awsuser', 0],
      ]);
      await next.execute('insert into t values (7)');
      await next.close();
    }
    expect(await rowsOf(engine.session(), 'select count(*) from public.t')).toEqual([[3]]);
  });

  it('also when many are open at once', async () => {
    const engine = await openEngine();
    await engine.session().execute('create table t (a int)');
    const sessions = Array.from({ length: 5 }, () => engine.session());
    await Promise.all(
      sessions.map(async (session, at) => {
        await session.execute(`create temp table mine as select ${at} as a`);
        await session.execute('insert into t select a from mine');
        await session.close();
      }),
    );
    expect(await rowsOf(engine.session(), 'select a from t order by a')).toEqual([[0], [1], [2], [3], [4]]);
  });
});

describe('what a query reads', () => {
  it('is known again by its shape, whatever its literals are', async () => {
    const engine = await openEngine();
    const [one, two] = [engine.session(), engine.session()];
    for (const sql of ['create table t (v varchar(9))', `create table "o'k" (v varchar(9))`])
      await one.execute(sql);
    for (const literal of ["'x'", "'it''s'", "'from \"o'", "''"]) {
      for (const name of ['t', `"o'k"`]) {
        expect(await rowsOf(one, `select ${literal} = v from ${name}`)).toEqual([]);
      }
    }
    // Read locks are taken by those names: a writer that wants the table for itself waits.
    await one.execute('begin');
    await one.execute("select 'another' = v from t");
    let isDropped = false;
    const dropped = two.execute('drop table t').then(() => {
      isDropped = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isDropped).toBe(false);
    await one.execute('commit');
    await dropped;
    await expect(one.execute("select 'x' = v from t")).rejects.toMatchObject({ sqlState: '42P01' });
  });
});
