import { describe, expect, it } from 'vitest';
import { CLUSTER, Stage, TABLE, told } from './stage.ts';

/** Partitions and groups with functions and DynamoDB: nothing of them is one process's own. */

const PLACES = {
  warehouse: { kind: 'redshift', cluster: CLUSTER, database: 'dev', dbUser: 'loader' },
  objects: { kind: 's3' },
  tracker: { kind: 'dynamodb', table: TABLE },
  control: 's3://control/millrace/',
};
const FORMAT = { kind: 'csv' };

describe('functions', () => {
  const DAYS = 'SELECT CAST(dt AS VARCHAR), SUM(v) FROM public.t GROUP BY 1 ORDER BY 1';
  const TARGET = {
    mode: 'replace-partition',
    from: 's3://lake/t/',
    partition: 'dt={dt}/',
    partitionBy: 'dt',
    columns: ['v'],
    ready: '_SUCCESS',
    format: FORMAT,
  };

  it('replace a partition when its marker is there, and again for a late file', async () => {
    const stage = await Stage.open({
      tables: 'CREATE TABLE public.t (v int, dt date)',
      config: { ...PLACES, targets: { 'public.t': TARGET } },
    });
    const container = stage.container();
    const one = await stage.put('t/dt=2026-11-20/a.csv', '1\n');
    await stage.put('t/dt=2026-11-20/b.csv', '2\n');
    expect(await container.microbatchLoader(told('any', [one]))).toEqual({ batchItemFailures: [] });
    await stage.settleDown(container);
    expect(await stage.rows(DAYS)).toEqual([]);
    const marker = await stage.put('t/dt=2026-11-20/_SUCCESS', '');
    await container.microbatchLoader(told('any', [marker]));
    await stage.drain(container);
    expect(await stage.rows(DAYS)).toEqual([['2026-11-20', 3]]);
    const late = await stage.put('t/dt=2026-11-20/c.csv', '4\n');
    await container.microbatchLoader(told('any', [late, one]));
    await stage.drain(container);
    expect(await stage.rows(DAYS)).toEqual([['2026-11-20', 7]]);
    expect(await stage.quiet()).toEqual([]);
  });

  it('replace yesterday’s partition by a schedule, whoever was told of its files', async () => {
    const stage = await Stage.open({
      tables: 'CREATE TABLE public.t (v int, dt date)',
      config: { ...PLACES, targets: { 'public.t': TARGET } },
    });
    const container = stage.container();
    const day = new Date(stage.now() - 86_400_000).toISOString().slice(0, 10);
    await stage.put(`t/dt=${day}/a.csv`, '1\n');
    await stage.put(`t/dt=${day}/_SUCCESS`, '');
    const document = {
      schedule: 'yesterday',
      paths: [{ s3_path: 's3://lake/t/dt={yyyy}-{MM}-{dd}/', table: 'public.t' }],
      copy: { options: 'FORMAT AS CSV' },
      cluster: { identifier: CLUSTER, db_name: 'dev' },
    };
    for (let time = 0; time < 2; time += 1) {
      await container.bulkLoader(document);
      await stage.drain(container);
      expect(await stage.rows(DAYS)).toEqual([[day, 1]]);
    }
  });

  it('load the targets of a group together, whichever of them was told of', async () => {
    const stage = await Stage.open({
      tables: 'CREATE TABLE public.a (id int); CREATE TABLE public.b (id int, at int)',
      config: {
        ...PLACES,
        targets: {
          'public.a': { mode: 'append', from: 's3://lake/a/', format: FORMAT, group: 'g' },
          'public.b': {
            mode: 'upsert',
            key: 'id',
            latestBy: 'at',
            from: 's3://lake/b/',
            format: FORMAT,
            group: 'g',
          },
        },
      },
    });
    const container = stage.container();
    const [a, b] = [await stage.put('a/1.csv', '1\n2\n'), await stage.put('b/1.csv', '1,1\n1,2\n')];
    await container.microbatchLoader(told('any', [b, a, b]));
    await stage.drain(container);
    expect(
      await stage.rows('SELECT (SELECT COUNT(*) FROM public.a), (SELECT MAX(at) FROM public.b)'),
    ).toEqual([[2, 2]]);
    const loads = stage.told.flatMap((event) => (event.kind === 'table-loaded' ? [event] : []));
    expect(loads.map(({ target }) => target)).toEqual(['public.a', 'public.b']);
    expect(new Set(loads.map(({ job }) => job.id)).size).toBe(1);
    // A target that has no lane of its own is woken by its own files all the same.
    await stage.container().microbatchLoader(told('any', [await stage.put('b/2.csv', '7,1\n')]));
    await stage.drain(container);
    expect(await stage.rows('SELECT COUNT(*) FROM public.b')).toEqual([[2]]);
    expect(await stage.quiet()).toEqual([]);
  });
});
