import { describe, expect, it } from 'vitest';
import type { Session } from '../src/index.ts';
import { noObjects } from './no-objects.ts';
import { openEngine, rowsOf } from './open-engine.ts';

/** Few rows and many go into a table by different ways: the rows must not tell which. */

const COLUMNS = `id integer not null, s smallint, b bigint, r real, d double precision, n numeric(38, 10), f boolean,
  c char(4), v varchar(40), day date, t time, tz timetz, ts timestamp, at timestamptz, j super, bin varbyte`;

const ROWS = [
  `0|-32768|9223372036854775807|1.5e30|0.1|1234567890123456789012345678.0123456789|t|ab|O'Neil "x", ü💥|2024-02-29|12:34:56.5|12:34:56+02|2024-02-03 04:05:06.123456|2024-02-03 04:05:06+02|{"a":[1,2.50]}|00ff41`,
  `1|+7||-0.0|1e-300|-.5|false||\\N|0001-01-01|23:59:59.999999|00:00:00-11|0001-01-01 00:00:00|2024-07-03 04:05:06.25-0330|"x"|`,
  `2||0|||12|1| x |   |9999-12-31|00:00:00|01:02:03|9999-12-31 23:59:59.999999|2024-02-03 04:05:06|[]|4a`,
  '3|||||||||||||||',
];

/** Rows beyond those that are kept in memory. */
const FILLER = Array.from({ length: 1_000 }, (_, at) => `${100 + at}|||||||||||||||`);

async function openSession(body: () => string): Promise<Session> {
  const engine = await openEngine({
    objects: {
      ...noObjects,
      async *list({ bucket }) {
        yield { bucket, key: 'data', etag: 'e', size: Buffer.byteLength(body()), lastModifiedAt: 0 };
      },
      read: async () =>
        (async function* () {
          yield Buffer.from(body());
        })(),
    },
  });
  return engine.session();
}

describe('a COPY of few rows', () => {
  it.each([
    { what: 'all types', columns: COLUMNS },
    { what: 'types that an appender casts', columns: COLUMNS.replace('timestamptz', 'varchar(40)') },
  ])('loads what it would load among many: $what', async ({ columns }) => {
    let rows = ROWS;
    const session = await openSession(() => `${rows.join('\n')}\n`);
    for (const name of ['few', 'many']) await session.execute(`create table ${name} (${columns})`);
    const copy = (name: string) => session.execute(`copy ${name} from 's3://b/data' IAM_ROLE default`);
    await session.execute("set timezone to 'America/New_York'");
    expect(await copy('few')).toMatchObject({ rowsAffected: 4 });
    rows = [...ROWS, ...FILLER];
    expect(await copy('many')).toMatchObject({ rowsAffected: 1_004 });
    const few = await rowsOf(session, 'select * from few order by id');
    expect(few).toHaveLength(4);
    expect(few[0]?.slice(0, 4)).toEqual([0, -32768, '9223372036854775807', 1.5e30]);
    expect(few).toEqual(await rowsOf(session, 'select * from many where id < 100 order by id'));
  });

  it('fills the columns that it leaves out, wherever they stand', async () => {
    const session = await openSession(() => '1|x\n2|y\n');
    await session.execute('create table t (left_out integer, v varchar(5), id integer)');
    await session.execute('alter table t add column later integer');
    const copy = "copy t (id, v) from 's3://b/data' IAM_ROLE default";
    await session.execute(copy);
    expect(await rowsOf(session, 'select * from t order by id')).toEqual([
      [null, 'x', 1, null],
      [null, 'y', 2, null],
    ]);
    await session.execute('alter table t add column preset integer default 7');
    await session.execute('alter table t drop column left_out');
    await session.execute(copy);
    expect(await rowsOf(session, 'select * from t order by id, later')).toEqual([
      ['x', 1, null, 7],
      ['x', 1, null, 7],
      ['y', 2, null, 7],
      ['y', 2, null, 7],
    ]);
  });

  it('is part of its transaction, in temporary tables too', async () => {
    const session = await openSession(() => '1|x\n2|y\n');
    await session.execute('create table t (id integer, v varchar(5))');
    await session.execute('begin');
    await session.execute('create temp table stage (id integer, v varchar(5))');
    for (const name of ['t', 'stage'])
      await session.execute(`copy ${name} from 's3://b/data' IAM_ROLE default`);
    expect(
      await rowsOf(session, 'select count(*) from (select * from t union all select * from stage)'),
    ).toEqual([[4]]);
    await session.execute('rollback');
    expect(await rowsOf(session, 'select count(*) from t')).toEqual([[0]]);
    await expect(session.execute('select * from stage')).rejects.toMatchObject({ sqlState: '42P01' });
  });
});
