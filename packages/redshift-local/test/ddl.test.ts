import { describe, expect, it } from 'vitest';
import { openEngine, rowsOf, temporaryDirectory } from './open-engine.ts';

describe('CREATE TABLE', () => {
  it('keeps types, nullability and identity as Redshift tells of them', async () => {
    const engine = await openEngine();
    const session = engine.session();
    await session.execute(`
      CREATE TABLE public.flights (
        id BIGINT IDENTITY(10, 5) ENCODE az64, code CHAR(3) NOT NULL, name VARCHAR, note VARCHAR(MAX), short TEXT,
        price DECIMAL(8, 2), whole NUMERIC, at TIMESTAMP, zoned TIMESTAMPTZ, "Mixed" FLOAT8 DEFAULT 1.5, doc SUPER,
        day DATE SORTKEY, small INT2, PRIMARY KEY (id), UNIQUE (code), FOREIGN KEY (code) REFERENCES other (code)
      ) BACKUP NO DISTSTYLE KEY DISTKEY (code)`);
    const columns = await engine.describeTable('public.flights');
    expect(columns?.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id bigint',
      'code character(3)',
      'name character varying(256)',
      'note character varying(65535)',
      'short character varying(256)',
      'price numeric(8,2)',
      'whole numeric(18,0)',
      'at timestamp without time zone',
      'zoned timestamp with time zone',
      'mixed double precision',
      'doc super',
      'day date',
      'small smallint',
    ]);
    expect(columns?.filter(({ isNullable }) => !isNullable).map(({ name }) => name)).toEqual(['id', 'code']);
    expect(columns?.filter(({ isIdentity }) => isIdentity).map(({ name }) => name)).toEqual(['id']);
    await session.execute("INSERT INTO flights (code, day) VALUES ('abc', '2024-01-02'), ('def', NULL)");
    expect(await rowsOf(session, 'SELECT id, mixed, code FROM flights ORDER BY id')).toEqual([
      [10, 1.5, 'abc'],
      [15, 1.5, 'def'],
    ]);
  });

  it.each([
    ['create table t (a uuid)', 'Column "t.a" has unsupported type "uuid"'],
    ['create table t (a jsonb)', 'Column "t.a" has unsupported type "jsonb"'],
    ['create table t (a int[])', 'Column "t.a" has unsupported type "integer[]"'],
    ['create table t (a varchar(65536))', 'length for type varchar cannot exceed 65535'],
    ['create table t (a char(0))', 'length for type char must be at least 1'],
    ['create table t (a numeric(39))', 'DECIMAL precision 39 must be between 1 and 38'],
    ['create table t (a nosuch)', 'type "nosuch" does not exist'],
    ['create table t (a int, a int)', 'column "a" specified more than once'],
    ['create table t (a int) sortkey (b)', 'column "b" named in key does not exist'],
    ['create table t (a int) diststyle key', 'DISTKEY column must be specified with DISTSTYLE KEY'],
    ['create table t (a varchar identity(1,1))', 'identity column type must be INT or BIGINT for column "a"'],
    ['create table t (a int check (a > 0))', 'syntax error at or near "check"'],
    ['create table nowhere.t (a int)', 'schema "nowhere" does not exist'],
    [
      'create unique index i on t (a)',
      'SQL command "create unique index i on t (a)" not supported on Redshift tables.',
    ],
    ['create sequence s', 'SQL command "create sequence s" not supported on Redshift tables.'],
    ['create materialized view v as select 1', 'CREATE MATERIALIZED VIEW is not supported by redshift-local'],
    ['pragma version', 'syntax error at or near "pragma"'],
  ])('refuses %s', async (sql, message) => {
    const session = (await openEngine()).session();
    await expect(session.execute(sql)).rejects.toThrow(message);
  });

  it('makes LIKE inherit types, NOT NULL and, when asked, defaults; never keys or identity', async () => {
    const engine = await openEngine();
    const session = engine.session();
    await session.execute(
      'create table model (id int identity(1,1) primary key, a varchar(3) not null default $$x$$, b int)',
    );
    await session.execute('create table plain (like model)');
    await session.execute('create table full_one (like model including defaults)');
    expect(await engine.describeTable('plain')).toEqual([
      { name: 'id', type: 'integer', isNullable: false, isIdentity: false },
      { name: 'a', type: 'character varying(3)', isNullable: false, isIdentity: false },
      { name: 'b', type: 'integer', isNullable: true, isIdentity: false },
    ]);
    await session.execute('insert into full_one (id) values (1)');
    expect(await rowsOf(session, 'select a from full_one')).toEqual([['x']]);
    await expect(session.execute('insert into plain (id) values (1)')).rejects.toThrow(
      'Cannot insert a NULL value into column a',
    );
  });

  it('carries declared lengths through CREATE TABLE AS, and nothing else', async () => {
    const engine = await openEngine();
    const session = engine.session();
    await session.execute('create table model (id int not null, a varchar(3), b char(2), c numeric(6,1))');
    await session.execute("insert into model values (1, 'abc', 'x', 1.25)");
    await session.execute(
      'create temp table stage distkey(id) as select id, a as aa, m.b, c from model m where false',
    );
    await expect(session.execute("insert into stage values (1, 'abcd', 'x', 1)")).rejects.toThrow(
      'value too long for type character varying(3)',
    );
    await session.execute('insert into stage values (null, null, null, null)');
    await session.execute(
      'create table copy (x, y) as select *, a || a from (select id, a from model)'.replace('(x, y)', ''),
    );
    await session.execute(
      "create table casts as select a::varchar(7) a, cast('x' as char(4)) as b, cast(null as varchar(9)) c from model",
    );
    expect((await engine.describeTable('casts'))?.map(({ type }) => type)).toEqual([
      'character varying(7)',
      'character(4)',
      'character varying(9)',
    ]);
    await session.execute('create table everything as select * from model');
    expect(
      (await engine.describeTable('everything'))?.map(({ type, isNullable }) => [type, isNullable]),
    ).toEqual([
      ['integer', true],
      ['character varying(3)', true],
      ['character(2)', true],
      ['numeric(6,1)', true],
    ]);
    expect(await rowsOf(session, 'select * from everything')).toEqual([[1, 'abc', 'x', '1.3']]);
  });

  it('gives each session temporary tables of its own, gone with it', async () => {
    const engine = await openEngine();
    const [one, other] = [engine.session(), engine.session()];
    await one.execute('create table t (a int)');
    await one.execute('create table #stage (a varchar(2))');
    await one.execute('create temporary table t (a int)');
    await one.execute('insert into t values (1)');
    await one.execute("insert into #stage values ('ab')");
    expect(await rowsOf(one, 'select * from #stage')).toEqual([['ab']]);
    expect(await rowsOf(one, 'select count(*) from t')).toEqual([[1]]);
    expect(await rowsOf(other, 'select count(*) from t')).toEqual([[0]]);
    await expect(other.execute('select * from #stage')).rejects.toThrow('relation "#stage" does not exist');
    await one.execute('drop table t');
    expect(await rowsOf(one, 'select count(*) from t')).toEqual([[0]]);
  });
});

describe('ALTER TABLE', () => {
  it('adds, renames, widens and drops', async () => {
    const engine = await openEngine();
    const session = engine.session();
    await session.execute('create table t (a int, b varchar(2))');
    await session.execute("insert into t values (1, 'ab')");
    await session.execute("alter table t add column c varchar(5) not null default 'new'");
    await session.execute('alter table t add d int default 7');
    await session.execute('alter table t rename column a to aa');
    await session.execute('alter table t alter column b type varchar(4)');
    await session.execute('alter table t rename to u');
    await session.execute("insert into u (aa, b) values (2, 'abcd')");
    expect(await rowsOf(session, 'select aa, b, c, d from u order by 1')).toEqual([
      [1, 'ab', 'new', 7],
      [2, 'abcd', 'new', 7],
    ]);
    await expect(session.execute('insert into u (c) values (null)')).rejects.toThrow(
      'Cannot insert a NULL value into column c',
    );
    await session.execute('alter table u drop column c');
    await session.execute('alter table u owner to somebody');
    await session.execute('alter table u alter sortkey (aa)');
    expect((await engine.describeTable('u'))?.map(({ name }) => name)).toEqual(['aa', 'b', 'd']);
    await expect(session.execute('alter table u add column x int, add column y int')).rejects.toThrow(
      'syntax error',
    );
    await expect(session.execute('alter table u alter column aa type bigint')).rejects.toThrow(
      'only VARCHAR columns',
    );
    await expect(session.execute('alter table u alter column b type varchar(3)')).rejects.toThrow(
      'longer than the new length 3',
    );
  });

  it('refuses in a transaction block what Redshift refuses there', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (b varchar(2))');
    await session.execute('create table s (b varchar(2))');
    for (const sql of [
      'alter table t alter column b type varchar(9)',
      'alter table t append from s',
      'vacuum',
    ]) {
      await session.execute('begin');
      await expect(session.execute(sql)).rejects.toThrow('cannot run inside a transaction block');
      await session.execute('rollback');
    }
    await session.execute("insert into s values ('x')");
    await session.execute('alter table t append from s');
    expect(await rowsOf(session, 'select (select count(*) from t), (select count(*) from s)')).toEqual([
      [1, 0],
    ]);
  });
});

describe('schemas and views', () => {
  it('keeps a table that a view reads, unless told to cascade', async () => {
    const session = (await openEngine()).session();
    await session.execute('create schema sales authorization somebody');
    await session.execute('create table sales.t (a int)');
    await session.execute('create view sales.v (n) as select a from sales.t');
    await session.execute('insert into sales.t values (3)');
    expect(await rowsOf(session, 'select n from sales.v')).toEqual([[3]]);
    await expect(session.execute('alter table sales.t rename to u')).rejects.toThrow(
      'other objects depend on it',
    );
    await expect(session.execute('drop table sales.t')).rejects.toThrow('other objects depend on it');
    await expect(session.execute('drop schema sales')).rejects.toThrow('other objects depend on it');
    await session.execute('drop table sales.t cascade');
    await expect(session.execute('select * from sales.v')).rejects.toMatchObject({ sqlState: '42P01' });
    await session.execute('create table sales.t (a int)');
    await session.execute('drop schema sales cascade');
    await session.execute('create schema sales');
    await session.execute('create table sales.t (a int)');
  });

  it('finds unqualified names along the search path', async () => {
    const session = (await openEngine()).session();
    await session.execute('create schema x');
    await session.execute('create table x.t (a int)');
    await session.execute('set search_path to x, public');
    await session.execute('insert into t values (1)');
    expect(await rowsOf(session, 'select a from t')).toEqual([[1]]);
    await session.execute('create table made_here (a int)');
    await session.execute(
      'create view public.sees_x as with c as (select a from t) select a from c union all select t.a from t',
    );
    await session.execute('reset search_path');
    expect(await rowsOf(session, 'select count(*) from x.made_here')).toEqual([[0]]);
    expect(await rowsOf(session, 'select count(*) from sees_x')).toEqual([[2]]);
    await expect(session.execute('select * from t')).rejects.toThrow('relation "t" does not exist');
  });
});

describe('what is kept in the file', () => {
  it('is the same after it was opened again', async () => {
    const path = `${await temporaryDirectory()}/dev.duckdb`;
    const first = await openEngine({ path });
    const session = first.session();
    await session.execute("create table t (id int identity(1,1), a varchar(3) not null default 'x', b int)");
    await session.execute('create schema s');
    await session.execute('create view s.v as select a from t');
    await session.execute('insert into t (b) values (1)');
    await first.createLookupIndex('public.t', 'a');
    await first.close();
    const second = await openEngine({ path });
    const again = second.session();
    await again.execute('insert into t (b) values (2)');
    expect(await rowsOf(again, 'select id, a, b from t order by id')).toEqual([
      [1, 'x', 1],
      [2, 'x', 2],
    ]);
    await expect(again.execute('alter table t rename to u')).rejects.toThrow('other objects depend on it');
    await again.execute('drop view s.v');
    // Lookup indexes are not kept: whoever wants one asks for it after every opening.
    await second.createLookupIndex('public.t', 'a');
    await expect(again.execute('alter table t rename to u')).rejects.toThrow('it has a lookup index');
    await again.execute('create view s.v as select a from t');
    await expect(again.execute("insert into t (a) values ('abcd')")).rejects.toThrow('value too long');
    expect(await second.describeTable('s.v')).toEqual([
      { name: 'a', type: 'character varying(65535)', isNullable: true, isIdentity: false },
    ]);
  });

  it('is shared with nobody', async () => {
    const path = `${await temporaryDirectory()}/dev.duckdb`;
    await openEngine({ path });
    await expect(openEngine({ path })).rejects.toThrow('this process has it open already');
    await expect(openEngine({ path: '/nowhere/at/all.duckdb' })).rejects.toThrow('create it');
  });
});
