import { describe, expect, it } from 'vitest';
import { openEngine } from './open-engine.ts';

describe('errors are in Redshift’s words', () => {
  it.each([
    ['select * from nope', '42P01', 'relation "nope" does not exist'],
    ['select * from public.nope', '42P01', 'relation "public.nope" does not exist'],
    ['select * from nowhere.t', '3F000', 'schema "nowhere" does not exist'],
    ['insert into public.nope values (1)', '42P01', 'relation "public.nope" does not exist'],
    ['drop table nope', '42P01', 'Table "nope" does not exist'],
    ['drop view t', '42809', '"t" is not a view'],
    ['truncate nope', '42P01', 'relation "nope" does not exist'],
    ['lock table t, nope', '42P01', 'relation "nope" does not exist'],
    ['analyze nope', '42P01', 'relation "nope" does not exist'],
    ['grant select on nope to somebody', '42P01', 'relation "nope" does not exist'],
    ['create table t (a int)', '42P07', 'Relation "t" already exists'],
    ['create schema public', '42P06', 'Schema "public" already exists'],
    ['select nope from t', '42703', 'column "nope" does not exist in t'],
    ['select t.nope from t', '42703', 'column "nope" does not exist in t'],
    ['select a from t x, t y', '42702', 'column reference "a" is ambiguous'],
    ['select x.a from t', '42P01', 'missing FROM-clause entry for table "x"'],
    [
      'select a from t group by b',
      '42803',
      'column "a" must appear in the GROUP BY clause or be used in an aggregate function',
    ],
    ['selekt 1', '42601', 'syntax error at or near "selekt"'],
    ['select 1 from t where', '42601', 'syntax error at end of input'],
    ["select 'open", '42601', 'unterminated quoted string (position 8)'],
    ['select * from "/etc/hosts.csv"', '42P01', 'relation "/etc/hosts.csv" does not exist'],
    ['create view w as select * from "x.parquet"', '42P01', 'relation "x.parquet" does not exist'],
    ['update t set a = (select 1 from "x.csv")', '42P01', 'relation "x.csv" does not exist'],
    ['insert into t (a) values ((select 1 from "x.csv"))', '42P01', 'relation "x.csv" does not exist'],
    ['explain select * from "x.csv"', '42P01', 'relation "x.csv" does not exist'],
    ["set timezone to 'Nowhere/Bad'", '22023', 'time zone "Nowhere/Bad" not recognized'],
    ["select a + 'x' from t", '42883', 'operator does not exist: integer + "unknown"'],
    ["select -'x'", '42883', 'operator does not exist: - "unknown"'],
    ["select abs('x')", '42725', 'function abs("unknown") is not unique'],
    ["select coalesce(null, 'x', 1)", '42804', 'types character varying and integer cannot be matched'],
    ["insert into t (a) values ('1.5')", '22P02', 'invalid input syntax for integer: "1.5"'],
    ['insert into t (a) select b from t', '22P02', 'invalid input syntax for integer: "one"'],
    ["update t set a = '1e2'", '22P02', 'invalid input syntax for integer: "1e2"'],
    ["insert into t (a) values (date '2024-01-01')", '42846', 'cannot cast type date to integer'],
    ['select * from elsewhere.public.t', '3D000', 'database "elsewhere" does not exist'],
    ['', '42601', 'syntax error at end of input'],
    ['select 1; select 2', '42601', 'cannot insert multiple commands into a prepared statement'],
    ["select cast('12x' as int)", '22P02', 'invalid input syntax for integer: "12x"'],
    [
      "select cast('GUARD already loaded ' || b as int) from t",
      '22P02',
      'invalid input syntax for integer: "GUARD already loaded one"',
    ],
    [
      "select cast('it''s \"x\"' || b as int) from t",
      '22P02',
      'invalid input syntax for integer: "it\'s "x"one"',
    ],
    ["select 'x'::decimal(4,2)", '22P02', 'invalid input syntax for type numeric: "x"'],
    ["select 'maybe'::boolean", '22P02', 'invalid input syntax for type boolean: "maybe"'],
    ["select '2024-13-01'::date", '22008', 'date/time field value out of range: "2024-13-01"'],
    ["select 'x'::timestamp", '22007', 'invalid input syntax for type timestamp: "x"'],
    ['select 99999999999::int', '22003', 'integer out of range'],
    ['select 9223372036854775807 + a from t', '22003', 'bigint out of range'],
    ['select 12345.6::decimal(4,2)', '22003', 'Numeric data overflow (result precision)'],
    [
      'select a from t union select a, b from t',
      '42601',
      'each UNION query must have the same number of columns',
    ],
    [
      'select * from t where a = (select a from two)',
      '21000',
      'single-row subquery returns more than one row',
    ],
    ['declare c cursor for select 1', '0A000', 'DECLARE is not supported by redshift-local'],
    ['create external table x (a int)', '0A000', 'CREATE EXTERNAL is not supported by redshift-local'],
    [
      'set session authorization somebody',
      '0A000',
      'SET SESSION AUTHORIZATION is not supported by redshift-local',
    ],
  ])('%s', async (sql, sqlState, message) => {
    const session = (await openEngine()).session();
    await session.execute('create table t (a int, b varchar(10))');
    await session.execute("insert into t values (1, 'one')");
    await session.execute('create table two as select 1 as a union all select 2');
    await expect(session.execute(sql)).rejects.toMatchObject({ name: 'RedshiftError', message, sqlState });
  });
});

describe('statements without effect here', () => {
  it.each([
    ['analyze t', 'ANALYZE'],
    ['vacuum full t to 99 percent', 'VACUUM'],
    ["comment on column t.a is 'the first'", 'COMMENT'],
    ['grant all on schema public to group readers', 'GRANT'],
    ['grant select, insert on table t to somebody', 'GRANT'],
    ['revoke all on t from public', 'REVOKE'],
    ["create user somebody password 'Secret123'", 'CREATE USER'],
    ['create group readers', 'CREATE GROUP'],
    ['drop user if exists somebody', 'DROP USER'],
  ])('%s', async (sql, tag) => {
    const session = (await openEngine()).session();
    await session.execute('create table t (a int)');
    expect(await session.execute(sql)).toEqual({ kind: 'command', tag, rowsAffected: 0 });
  });
});

describe('results', () => {
  it('have typed values', async () => {
    const session = (await openEngine()).session();
    const result =
      await session.execute(`select 1::smallint as s, 2::int i, 3::bigint b, 9223372036854775807 as big, 1.5::decimal(8,2) d,
      0.1::real r, 2.5::float8 f, true t, 'x'::varchar(3) v, '2024-01-02'::date dd, '2024-01-02 03:04:05.6'::timestamp ts,
      '2024-01-02 03:04:05+00'::timestamptz tz, json_parse('[1]') j, cast(null as int) n`);
    if (result.kind !== 'rows') throw new Error('no rows');
    expect(result.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      's int2',
      'i int4',
      'b int8',
      'big int8',
      'd numeric',
      'r float4',
      'f float8',
      't bool',
      'v varchar',
      'dd date',
      'ts timestamp',
      'tz timestamptz',
      'j super',
      'n int4',
    ]);
    expect(result.columns[4]).toEqual({ name: 'd', type: 'numeric', precision: 8, scale: 2 });
    expect(result.rows).toEqual([
      [
        1,
        2,
        3,
        '9223372036854775807',
        '1.50',
        0.1,
        2.5,
        true,
        'x',
        '2024-01-02',
        '2024-01-02 03:04:05.6',
        '2024-01-02 03:04:05+00',
        '[1]',
        null,
      ],
    ]);
  });

  it('of EXPLAIN are lines, and nothing is run', async () => {
    const session = (await openEngine()).session();
    await session.execute('create table t (a int)');
    const plan = await session.execute('explain select * from t where a = 1');
    expect(plan).toMatchObject({ kind: 'rows', columns: [{ name: 'QUERY PLAN', type: 'varchar' }] });
  });
});
