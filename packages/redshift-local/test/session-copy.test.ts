import { join } from 'node:path';
import type { ObjectInfo, ObjectStore } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { RedshiftLocal } from '../src/index.ts';
import { noObjects } from './no-objects.ts';
import { openEngine, rowsOf, temporaryDirectory } from './open-engine.ts';

/** An engine that finds these objects in bucket `b`. */
function openWithObjects(objects: Readonly<Record<string, string>>): Promise<RedshiftLocal> {
  const infoOf = (key: string): ObjectInfo | undefined => {
    const body = objects[key];
    if (body === undefined) return undefined;
    return { bucket: 'b', key, etag: key, size: Buffer.byteLength(body), lastModifiedAt: 0 };
  };
  const store: ObjectStore = {
    ...noObjects,
    head: async ({ key }) => infoOf(key),
    async *list({ prefix }) {
      for (const key of Object.keys(objects).toSorted()) {
        const info = key.startsWith(prefix) ? infoOf(key) : undefined;
        if (info) yield info;
      }
    },
    read: async ({ key }) =>
      (async function* () {
        yield Buffer.from(objects[key] ?? '');
      })(),
  };
  return openEngine({ objects: store });
}

const FROM = "FROM 's3://b/data' IAM_ROLE default";

describe('COPY in a session', () => {
  it('is run again by itself over files that the reader of DuckDB gives up', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `${index},abcdefgh`);
    const mixed = `${lines.join('\n')}\n1,x\r\n2,y\n`;
    const engine = await openWithObjects({ 'data.csv': mixed, 'more.csv': `${mixed}3,z\n` });
    const session = engine.session();
    await session.execute('create table t (a int, v varchar(20))');
    expect(await session.execute(`copy t ${FROM} csv`)).toMatchObject({ rowsAffected: 100_002 });
    await engine.runBatch([
      'insert into t values (-1, null)',
      'create temp table stage as select a, v from t where false',
      "copy stage from 's3://b/more' IAM_ROLE default csv",
      'insert into t select * from stage',
    ]);
    expect(await rowsOf(session, 'select count(*), min(a) from t')).toEqual([[200_006, -1]]);
  });

  it('loads in the transaction and tells how much, then and later', async () => {
    const engine = await openWithObjects({ 'data.csv': '1,abc\n2,de\n' });
    const session = engine.session();
    await session.execute('create table t (id bigint identity(1, 1), a int, v varchar(3))');
    const results = await engine.runBatch([
      'create temp table stage as select a, v from t where false',
      `copy stage ${FROM} csv`,
      'select pg_last_copy_count()',
      'insert into t (a, v) select a, v from stage',
    ]);
    expect(results[1]).toEqual({ kind: 'command', tag: 'COPY', rowsAffected: 2 });
    expect(results[2]).toMatchObject({
      columns: [{ name: 'pg_last_copy_count', type: 'int8' }],
      rows: [[2]],
    });
    expect(await rowsOf(session, 'select id, a, v from t order by id')).toEqual([
      [1, 1, 'abc'],
      [2, 2, 'de'],
    ]);
    expect(await rowsOf(session, 'select pg_last_copy_count()')).toEqual([[0]]);
    await session.execute(`copy t (a, v) ${FROM} csv`);
    expect(await rowsOf(session, 'select pg_last_copy_count(), max(id) from t')).toEqual([[2, 4]]);
    expect(
      await rowsOf(
        session,
        'select table_name, status, loaded_rows from sys_load_history order by start_time, table_name',
      ),
    ).toEqual(expect.arrayContaining([['t', 'completed', 2]]));
  });

  it('leaves its error rows behind when it fails, and nothing else', async () => {
    const engine = await openWithObjects({ 'data.csv': '1,abc\n2,toolong\n' });
    const session = engine.session();
    await session.execute('create table t (a int, v varchar(3))');
    const pids: number[] = [];
    const failed = engine.runBatch(['insert into t values (9, null)', `copy t ${FROM} csv`], {
      onBackend: ({ pid }) => pids.push(pid),
    });
    await expect(failed).rejects.toThrow(
      "Load into table 't' failed.  Check 'stl_load_errors' system table for details.",
    );
    expect(await rowsOf(session, 'select count(*) from t')).toEqual([[0]]);
    const errors = await rowsOf(
      session,
      `select trim(filename), line_number, trim(colname), err_code, trim(raw_field_value) from stl_load_errors where session = ${pids[0]}`,
    );
    expect(errors).toEqual([['s3://b/data.csv', 2, 'v', 1204, 'toolong']]);
  });

  it('waits for another writer of its table', async () => {
    const engine = await openWithObjects({ 'data.csv': '1,abc\n' });
    const [one, two] = [engine.session(), engine.session()];
    for (const sql of ['create table t (a int, v varchar(3))', 'begin', 'insert into t values (0, null)'])
      await one.execute(sql);
    const copied = two.execute(`copy t ${FROM} csv`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await one.execute('commit');
    await copied;
    expect(await rowsOf(one, 'select a from t order by a')).toEqual([[0], [1]]);
  });
});

describe('procedures in a session', () => {
  it('run in the transaction of their CALL and are kept in the file', async () => {
    const path = join(await temporaryDirectory(), 'dev.duckdb');
    const first = await openEngine({ path });
    const session = first.session();
    await session.execute('create table t (a int)');
    const create = `create or replace procedure put(n int, inout total bigint) as $$
      begin
        insert into t values (n);
        select into total count(*) from t;
      end; $$ language plpgsql`;
    await session.execute(create);
    await expect(session.execute(create.replace('or replace ', ''))).rejects.toThrow('already exists');
    expect(await session.execute('call put(5, 0)')).toMatchObject({ kind: 'rows', rows: [[1]] });
    await first.close();
    const again = (await openEngine({ path })).session();
    await again.execute('begin');
    await again.execute('call put(6, 0)');
    await again.execute('rollback');
    expect(await rowsOf(again, 'select a from t')).toEqual([[5]]);
    await again.execute('drop procedure put(int, bigint)');
    await expect(again.execute('call put(7, 0)')).rejects.toThrow('does not exist');
  });
});
