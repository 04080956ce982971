import { describe, expect, it } from 'vitest';
import { openEngine, rowsOf } from './open-engine.ts';

describe('values that are written', () => {
  it('keep byte lengths, cutting nothing but blanks', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (v varchar(3), c char(2))');
    await session.execute("insert into t values ('abc   ', 'x   '), ('é ', 'ab '), (null, null)");
    expect(await rowsOf(session, 'select v, c from t order by v')).toEqual([
      ['abc', 'x'],
      ['é ', 'ab'],
      [null, null],
    ]);
    const tooLong = 'value too long for type character varying(3)';
    await expect(session.execute("insert into t (v) values ('abcd')")).rejects.toMatchObject({
      message: tooLong,
      sqlState: '22001',
    });
    await expect(session.execute("insert into t (v) values ('éé')")).rejects.toThrow(tooLong);
    await expect(session.execute("insert into t (v) select 'ab' || 'cd'")).rejects.toThrow(tooLong);
    await expect(session.execute("update t set v = v || 'xyz'")).rejects.toThrow(tooLong);
    await expect(session.execute("insert into t (c) values ('abc')")).rejects.toThrow(
      'value too long for type character(2)',
    );
    await expect(session.execute("insert into t (c) values ('é')")).rejects.toThrow(
      'CHAR string contains invalid ASCII character',
    );
    expect(await rowsOf(session, "select count(*) from t where c = 'x'")).toEqual([[1]]);
  });

  it('are looked at unless their type says that they are short enough', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table short (v varchar(3), w varchar(5), c char(5))');
    await session.execute('create table long (v varchar(5), m varchar(max))');
    await session.execute("insert into short values ('abc', 'abcde', 'abcde')");
    await session.execute("insert into long values ('abcde', repeat('x', 65535))");
    await session.execute('insert into long (v) select v from short');
    await session.execute('insert into long (v) select c from short');
    await session.execute("insert into long (v) select s.w from short as s where s.v = 'abc'");
    await session.execute('insert into long (v) select cast(w as varchar(2)) from short');
    await session.execute("insert into long (v) select 'it''s' from short");
    expect(await rowsOf(session, 'select v from long where m is null order by 1')).toEqual([
      ['ab'],
      ['abc'],
      ['abcde'],
      ['abcde'],
      ["it's"],
    ]);
    for (const tooLong of [
      'insert into short (v) select v from long',
      'insert into short (v) select w from short',
      "insert into short (v) values ('abc'), ('abcd')",
      "insert into short (v) values ('abc'), ('ab' || 'cd')",
      "insert into long (m) select m || 'x' from long where m is not null",
      'insert into long (m) select s.t from (select m || m as t from long) as s where s.t is not null',
    ]) {
      await expect(session.execute(tooLong)).rejects.toThrow('value too long for type character varying');
    }
  });

  it('are counted as the query gives them, whatever its list shows', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table a (id int, v varchar(5))');
    await session.execute('create table b (id int, w varchar(9))');
    await session.execute('create table c (id int, v varchar(5), w varchar(5))');
    await session.execute("insert into a values (1, 'a')");
    await session.execute("insert into b values (1, 'b')");
    await session.execute('insert into c select * from a join b using (id)');
    await session.execute('insert into c (v, id) select a.v, count(*) from a group by 1');
    await session.execute('insert into c (id) select 7 union select 8');
    expect(await rowsOf(session, 'select id, v, w from c order by id, v')).toEqual([
      [1, 'a', 'b'],
      [1, 'a', null],
      [7, null, null],
      [8, null, null],
    ]);
    await expect(session.execute('insert into c (id) select id, v from a')).rejects.toThrow(
      'INSERT has more expressions than target columns',
    );
    await expect(session.execute('insert into c (id, v) select id from a')).rejects.toThrow(
      'INSERT has more target columns than expressions',
    );
  });

  it('round numbers, truncate division, and refuse what does not fit', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (d decimal(5,2), i int, s smallint)');
    await session.execute('insert into t (d, i) values (20.259, 7/2)');
    expect(await rowsOf(session, 'select d, i from t')).toEqual([['20.26', 3]]);
    await expect(session.execute('insert into t (d) values (12345.6)')).rejects.toMatchObject({
      sqlState: '22003',
    });
    await expect(session.execute('insert into t (s) values (70000)')).rejects.toThrow(
      'smallint out of range',
    );
    await expect(session.execute("insert into t (i) values ('abc')")).rejects.toThrow(
      'invalid input syntax for integer: "abc"',
    );
  });

  it('fill identity, defaults and NULL where nothing is given', async () => {
    const session = (await openEngine()).session();
    await session.execute(`create table t (
      id bigint identity(100, 10), alt int generated by default as identity(1, 1), a varchar(5) default 'dflt', n int not null
    )`);
    await session.execute('insert into t (n) values (1), (2)');
    await session.execute('insert into t (alt, a, n) values (77, default, 3)');
    await session.execute('insert into t (n) select 4');
    expect(await rowsOf(session, 'select id, alt, a, n from t order by n')).toEqual([
      [100, 1, 'dflt', 1],
      [110, 2, 'dflt', 2],
      [120, 77, 'dflt', 3],
      [130, 3, 'dflt', 4],
    ]);
    await session.execute('update t set a = default where n = 1');
    await expect(session.execute('insert into t (id, n) values (1, 1)')).rejects.toThrow(
      'cannot set an identity column to a value',
    );
    await expect(session.execute('update t set id = 5')).rejects.toThrow(
      'cannot set an identity column to a value',
    );
    await expect(session.execute("insert into t (a) values ('x')")).rejects.toMatchObject({
      message: 'Cannot insert a NULL value into column n',
      sqlState: '23502',
    });
    await expect(session.execute('update t set n = null')).rejects.toThrow(
      'Cannot insert a NULL value into column n',
    );
  });

  it('keep SUPER strings and parsed JSON apart, also side by side', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (id int, doc super)');
    await session.execute(`insert into t values (1, json_parse('{"k": [1, 2]}')), (2, 'plain'), (3, null)`);
    expect(await rowsOf(session, 'select doc from t order by id')).toEqual([
      ['{"k":[1,2]}'],
      ['"plain"'],
      [null],
    ]);
  });

  it('must be as many as the columns', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (a int, b int)');
    await session.execute('insert into t select 1');
    await expect(session.execute('insert into t (a) select 1, 2')).rejects.toThrow(
      'INSERT has more expressions than target columns',
    );
    await expect(session.execute('insert into t (a, b) values (1)')).rejects.toThrow(
      'INSERT has more target columns than expressions',
    );
    await expect(session.execute('insert into t values (1, 2, 3)')).rejects.toThrow(
      'INSERT has more expressions than target columns',
    );
    await expect(session.execute('insert into t values (1, 2), (3)')).rejects.toThrow(
      'VALUES lists must all be the same length',
    );
    await expect(session.execute('insert into t (zz) values (1)')).rejects.toThrow(
      'column "zz" of relation "t" does not exist',
    );
    await expect(session.execute('insert into t (a, a) values (1, 2)')).rejects.toThrow(
      'column "a" specified more than once',
    );
    await expect(session.execute('insert into t values (1, 2) on conflict do nothing')).rejects.toThrow(
      'syntax error at or near "on"',
    );
    await expect(session.execute('insert into t select 1, 2 returning a')).rejects.toThrow(
      'syntax error at or near "returning"',
    );
  });
});

describe('UPDATE and DELETE', () => {
  it('join other tables as Redshift writes it', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (a int, v varchar(9))');
    await session.execute('create table s (a int, v varchar(9))');
    await session.execute("insert into t values (1, 'one'), (2, 'two'), (3, 'three')");
    await session.execute("insert into s values (2, 'TWO'), (3, 'THREE')");
    expect(await session.execute('update t set v = s.v from s where t.a = s.a and s.a < 3')).toMatchObject({
      rowsAffected: 1,
    });
    expect(
      await session.execute(
        "with c as (select a from s where v = 'THREE') update t x set v = 'cte' from c where c.a = x.a",
      ),
    ).toMatchObject({ rowsAffected: 1 });
    expect(await rowsOf(session, 'select v from t order by a')).toEqual([['one'], ['TWO'], ['cte']]);
    expect(await session.execute('delete from t using s where t.a = s.a and s.a = 2')).toMatchObject({
      tag: 'DELETE',
      rowsAffected: 1,
    });
    expect(await session.execute("delete public.t where public.t.v = 'cte'")).toMatchObject({
      rowsAffected: 1,
    });
    expect(await session.execute('delete t')).toMatchObject({ rowsAffected: 1 });
    await expect(session.execute('update t set nope = 1')).rejects.toThrow(
      'column "nope" of relation "t" does not exist',
    );
    await expect(session.execute('delete from t where nope = 1')).rejects.toThrow(
      'column "nope" does not exist in t',
    );
  });
});

describe('MERGE', () => {
  const setUp = async () => {
    const session = (await openEngine()).session();
    await session.execute("create table t (id int, v varchar(5), extra varchar(5) default 'dflt')");
    await session.execute("insert into t values (1, 'one', 'x'), (2, 'two', 'y')");
    await session.execute('create table s (id int, v varchar(9))');
    await session.execute("insert into s values (2, 'TWO'), (3, 'THREE')");
    return session;
  };

  it('updates what matches and inserts the rest', async () => {
    const session = await setUp();
    const merged = await session.execute(
      'merge into t using s as x on t.id = x.id when matched then update set v = x.v ' +
        'when not matched then insert (id, v) values (x.id, case when x.id > 0 then x.v end)',
    );
    expect(merged).toEqual({ kind: 'command', tag: 'MERGE', rowsAffected: 2 });
    expect(await rowsOf(session, 'select * from t order by id')).toEqual([
      [1, 'one', 'x'],
      [2, 'TWO', 'y'],
      [3, 'THREE', 'dflt'],
    ]);
  });

  it('deletes what matches, inserts rows with a NULL key, and takes a subquery as source', async () => {
    const session = await setUp();
    await session.execute('insert into s values (null, $$nul$$)');
    await session.execute(
      'merge into public.t using (select id, v from s where coalesce(id, 0) <> 3) x on public.t.id = x.id ' +
        'when matched then delete when not matched then insert values (x.id, x.v, null)',
    );
    expect(await rowsOf(session, 'select * from t order by id')).toEqual([
      [1, 'one', 'x'],
      [null, 'nul', null],
    ]);
  });

  it('fails when two rows of the source match one of the target, and keeps lengths', async () => {
    const session = await setUp();
    await session.execute("insert into s values (2, 'again')");
    const sql =
      'merge into t using s on t.id = s.id when matched then update set v = s.v when not matched then insert (id, v) values (s.id, s.v)';
    await expect(session.execute(sql)).rejects.toThrow('Found multiple matches to update the same tuple.');
    await session.execute("delete from s where v = 'again'");
    await session.execute("update s set v = 'toolong' where id = 3");
    await expect(session.execute(sql)).rejects.toThrow('value too long for type character varying(5)');
    expect(await rowsOf(session, 'select count(*) from t')).toEqual([[2]]);
  });

  it('removes duplicates', async () => {
    const session = await setUp();
    await session.execute('create table whole (like t)');
    await session.execute("insert into whole values (2, 'NEW', 'n'), (4, 'four', 'n')");
    await session.execute("insert into t values (2, 'dup', 'z')");
    await session.execute('merge into t using whole on t.id = whole.id remove duplicates');
    expect(await rowsOf(session, 'select * from t order by id')).toEqual([
      [1, 'one', 'x'],
      [2, 'NEW', 'n'],
      [4, 'four', 'n'],
    ]);
  });

  it.each([
    [
      'merge into t as a using s on a.id = s.id when matched then delete when not matched then insert values (1)',
      'near "as"',
    ],
    [
      'merge into t using s on t.id = s.id when matched and s.id > 1 then delete when not matched then insert values (1)',
      'near "and"',
    ],
    ['merge into t using s on t.id = s.id when matched then delete', 'at end of input'],
    ['merge into t using s on t.id = s.id when not matched then insert values (1)', 'near "not"'],
    [
      'with c as (select 1) merge into t using c on true when matched then delete when not matched then insert values (1)',
      'near "merge"',
    ],
    ['merge into t using t on t.id = t.id remove duplicates', 'must be different'],
    [
      'merge into t using (select * from t) x on t.id = x.id remove duplicates',
      'cannot reference target table',
    ],
  ])('refuses %s', async (sql, message) => {
    const session = await setUp();
    await expect(session.execute(sql)).rejects.toThrow(message);
  });
});
