import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bulkDocument, queueDocument } from './seed-documents.ts';
import { CLUSTER, Stage, told } from './stage.ts';

const ORDERS = 'CREATE TABLE public.orders (id int, name varchar(50), changed_at timestamp)';
const QUEUE = 'orders_queue';
const ALL = 'SELECT id, name FROM public.orders ORDER BY id, name';

/** A Parquet file of (id, name, minute): what both documents mean when they name no format. */
async function parquet(rows: readonly (readonly [number, string, number])[]): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const values = rows.map(
    ([id, name, minute]) => `(${id}, '${name}', TIMESTAMP '2026-11-21 00:0${minute}:00')`,
  );
  const path = join(directory, 'rows.parquet');
  await connection.run(
    `COPY (SELECT col0::int AS id, col1 AS name, col2 AS changed_at FROM (VALUES ${values.join(', ')})) TO '${path}' (FORMAT parquet)`,
  );
  instance.closeSync();
  return readFile(path);
}

describe('the documents of queues, as they are', () => {
  it('merge rows by their key, the latest of each, when merge_duplicate_pks is true', async () => {
    const documents = { [QUEUE]: queueDocument({ table: 'public.orders', merges: true, copy: '' }) };
    const stage = await Stage.open({ tables: ORDERS, documents });
    const container = stage.container();
    const first = await stage.put(
      'a',
      await parquet([
        [1, 'old', 1],
        [2, 'tie', 1],
        [1, 'new', 3],
      ]),
    );
    await container.microbatchLoader(told(QUEUE, [first]));
    await stage.drain(container);
    const second = await stage.put(
      'b',
      await parquet([
        [1, 'older', 2],
        [2, 'newer', 5],
        [3, 'c', 1],
      ]),
    );
    await container.microbatchLoader(told(QUEUE, [second]));
    await stage.drain(container);
    expect(await stage.rows(ALL)).toEqual([
      [1, 'new'],
      [2, 'newer'],
      [3, 'c'],
    ]);
  });

  it('append every row when it is false, whatever key is named beside it', async () => {
    const documents = { [QUEUE]: queueDocument({ table: 'public.orders', merges: false, copy: '' }) };
    const stage = await Stage.open({ tables: ORDERS, documents });
    const container = stage.container();
    const objects = [
      await stage.put(
        'a',
        await parquet([
          [1, 'a', 1],
          [1, 'b', 1],
        ]),
      ),
      await stage.put('b', await parquet([[1, 'a', 1]])),
    ];
    await container.microbatchLoader(told(QUEUE, objects));
    await stage.drain(container);
    expect(await stage.rows(ALL)).toEqual([
      [1, 'a'],
      [1, 'a'],
      [1, 'b'],
    ]);
  });

  it('may be about two clusters with databases of one name, and about workgroups', async () => {
    const documents = {
      one: queueDocument({ table: 'public.orders', merges: false, cluster: 'one-cluster' }),
      two: queueDocument({ table: 'public.orders', merges: false, cluster: 'two-cluster' }),
    };
    const stage = await Stage.open({
      tables: ORDERS,
      documents,
      env: { REDSHIFT_ADDRESSING: 'workgroup' },
    });
    const container = stage.container();
    const row = (id: number): string => `${id},a,2026-11-21 00:00:00\n`;
    await container.microbatchLoader(told('one', [await stage.put('1.csv', row(1))]));
    await container.microbatchLoader(told('two', [await stage.put('2.csv', row(2))]));
    const sites = await container.composition.catalog.sites();
    expect(sites.map(({ name }) => name).sort()).toEqual(['one-cluster.dev', 'two-cluster.dev']);
    // Each lane has its own file.
    for (const { loader } of sites)
      expect(await loader.tracker.counts('public.orders')).toMatchObject({ waiting: 1 });
  });

  it('tell of two that load one table by different rules', async () => {
    const documents = {
      one: queueDocument({ table: 'public.orders', merges: false }),
      two: queueDocument({ table: 'public.orders', merges: true }),
    };
    const stage = await Stage.open({ tables: ORDERS, documents });
    const container = stage.container();
    await container.sweeper();
    await container.sweeper();
    expect(stage.log.of('error')).toMatchObject([{ fields: { code: 'document-conflict' } }]);
  });
});

describe('the sweeper', () => {
  it('looks at all lanes, whatever is wrong with one document or one cluster', async () => {
    const documents = {
      broken: '{',
      [QUEUE]: queueDocument({ table: 'public.orders', merges: false }),
      other: queueDocument({ table: 'public.orders', merges: false, cluster: 'not-there' }),
    };
    const stage = await Stage.open({
      tables: ORDERS,
      documents,
      server: { cluster: CLUSTER },
      maxAttempts: 1,
    });
    const container = stage.container();
    const row = '1,a,2026-11-21 00:00:00\n';
    await container.microbatchLoader(told('other', [await stage.put('2.csv', row)]));
    await container.microbatchLoader(told(QUEUE, [await stage.put('1.csv', row)]));
    stage.skip(61_000);
    await container.sweeper();
    await stage.settleDown(container);
    expect(await stage.rows(ALL)).toEqual([[1, 'a']]);
    // Once by each container, not every minute.
    expect(new Set(stage.log.of('error').map(({ fields }) => fields.code))).toEqual(
      new Set(['config-invalid']),
    );
    const complaints = stage.log.of('error').length;
    expect(complaints).toBeLessThanOrEqual(2);
    const lanes = await stage.lanes(container);
    expect(lanes.map(({ state }) => state.kind).sort()).toEqual(['held', 'idle']);
    stage.skip(61_000);
    await container.sweeper();
    expect(stage.log.of('error')).toHaveLength(complaints);
  });

  it('says so when a site could not be looked at', async () => {
    const documents = { [QUEUE]: queueDocument({ table: 'public.orders', merges: false }) };
    const stage = await Stage.open({ tables: ORDERS, documents });
    const container = stage.container({ DDB_TRACKER: 'no-such-table' });
    await expect(container.sweeper()).rejects.toMatchObject({ code: 'sweep-incomplete' });
    expect(stage.log.of('error')[0]?.fields).toMatchObject({ code: 'tracker-missing' });
  });
});

describe('the bulk loader', () => {
  it('merges what its input names, as it is, and loads nothing twice', async () => {
    const stage = await Stage.open({ tables: ORDERS });
    const container = stage.container();
    await stage.put(
      'day/a',
      await parquet([
        [1, 'old', 1],
        [1, 'new', 2],
      ]),
    );
    await stage.put('day/b', await parquet([[2, 'b', 1]]));
    const input = bulkDocument({ path: 's3://lake/day/', table: 'public.orders', merges: true });
    expect(await container.bulkLoader(input)).toMatchObject({
      tables: [{ table: 'public.orders', files: 2, waiting: 2 }],
    });
    await stage.drain(container);
    expect(await stage.rows(ALL)).toEqual([
      [1, 'new'],
      [2, 'b'],
    ]);
    expect(await container.bulkLoader(input)).toMatchObject({
      tables: [{ files: 2, loaded: 2, waiting: 0 }],
    });
  });

  it('appends when merge_duplicate_pks is false, and containers that never saw the input go on with it', async () => {
    const stage = await Stage.open({ tables: ORDERS });
    await stage.put(
      'day/a',
      await parquet([
        [1, 'a', 1],
        [1, 'a', 1],
      ]),
    );
    const input = bulkDocument({ path: 's3://lake/day/', table: 'public.orders', merges: false });
    // Lambda hands an input that is an object.
    await stage.container().bulkLoader(JSON.parse(input.replace(/,\s*\}$/u, '}')));
    await stage.drain(stage.container());
    expect(await stage.rows(ALL)).toEqual([
      [1, 'a'],
      [1, 'a'],
    ]);
  });

  it('loads yesterday’s partition by a schedule', async () => {
    const stage = await Stage.open({ tables: ORDERS });
    const container = stage.container();
    const yesterday = new Date(stage.now() - 86_400_000).toISOString().slice(0, 10).replaceAll('-', '/');
    await stage.put(`day/${yesterday}/a`, await parquet([[1, 'a', 1]]));
    await stage.put('day/2001/01/01/a', await parquet([[2, 'b', 1]]));
    const document = bulkDocument({
      path: 's3://lake/day/{yyyy}/{MM}/{dd}/',
      table: 'public.orders',
      merges: false,
    });
    await container.bulkLoader({ schedule: 'yesterday', ...JSON.parse(document.replace(/,\s*\}$/u, '}')) });
    await stage.drain(container);
    expect(await stage.rows(ALL)).toEqual([[1, 'a']]);
  });

  it('goes through the lane of a table that a queue loads too, and refuses to merge it otherwise', async () => {
    const documents = { [QUEUE]: queueDocument({ table: 'public.orders', merges: false, copy: '' }) };
    const stage = await Stage.open({ tables: ORDERS, documents });
    const container = stage.container();
    const object = await stage.put('day/a', await parquet([[1, 'a', 1]]));
    await stage.put('day/b', await parquet([[2, 'b', 1]]));
    await container.microbatchLoader(told(QUEUE, [object]));
    await stage.drain(container);
    await container.bulkLoader(
      bulkDocument({ path: 's3://lake/day/', table: 'public.orders', merges: false }),
    );
    await stage.drain(container);
    expect(await stage.rows(ALL)).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    const other = bulkDocument({ path: 's3://lake/day/', table: 'public.orders', merges: true });
    await expect(container.bulkLoader(other)).rejects.toMatchObject({ code: 'bulk-conflict' });
  });

  it('leaves a place of the budget to micro-batches', async () => {
    const documents = { [QUEUE]: queueDocument({ table: 'public.live', merges: false }) };
    const tables = ['live', 'one', 'two'].map((name) => ORDERS.replace('orders', name)).join(';');
    const stage = await Stage.open({ tables, documents, env: { MAX_LOADS: '3' } });
    const container = stage.container();
    for (const name of ['one', 'two']) await stage.put(`${name}/a`, await parquet([[1, name, 1]]));
    await container.microbatchLoader(
      told(QUEUE, [await stage.put('live.csv', '1,live,2026-11-21 00:00:00\n')]),
    );
    for (const name of ['one', 'two']) {
      await container.bulkLoader(
        bulkDocument({ path: `s3://lake/${name}/`, table: `public.${name}`, merges: false }),
      );
    }
    stage.fault({ slowCopyMs: 1_000 });
    stage.skip(61_000);
    await container.sweeper();
    const lanes = await stage.lanes(container);
    const kinds = Object.fromEntries(lanes.map(({ target, state }) => [target, state.kind]));
    expect(kinds['public.live']).toBe('running');
    expect(Object.values(kinds).sort()).toEqual(['running', 'running', 'waiting']);
    stage.fault({ slowCopyMs: 0 });
    await stage.drain(container);
    expect(await stage.rows('SELECT name FROM public.two')).toEqual([['two']]);
  });

  it('lets micro-batches go first, but not for ever: past its deadline a bulk lane takes the place that it left to them', async () => {
    const tables = ['live', 'one']
      .map((name) => `CREATE TABLE public.${name} (id int, name varchar(50), updated_at timestamp)`)
      .join(';');
    const documents = { [QUEUE]: queueDocument({ table: 'public.live', merges: false }) };
    const stage = await Stage.open({ tables, documents, env: { MAX_LOADS: '2' } });
    const container = stage.container();
    await stage.put('one/a', await parquet([[1, 'one', 1]]));
    await container.microbatchLoader(
      told(QUEUE, [await stage.put('live.csv', '1,live,2026-11-21 00:00:00\n')]),
    );
    stage.fault({ slowCopyMs: 2_500 });
    stage.skip(61_000);
    await container.sweeper();
    await container.bulkLoader(bulkDocument({ path: 's3://lake/one/', table: 'public.one', merges: false }));
    const states: unknown[] = [];
    for (let sweep = 0; sweep < 2; sweep += 1) {
      stage.skip(61_000);
      await container.sweeper();
      for (const target of ['public.live', 'public.one']) {
        states.push((await stage.lane(container, target))?.state.kind);
      }
    }
    expect(states).toEqual(['running', 'waiting', 'running', 'running']);
    stage.fault({ slowCopyMs: 0 });
    await stage.drain(container);
  });

  it.each([
    ['no database', '{"paths": [{"s3_path": "s3://lake/a/", "table": "public.orders"}]}', 'bulk-place'],
    [
      'placeholders',
      bulkDocument({ path: '<S3_PATH>', table: '<TARGET_TABLE>', merges: true }),
      'config-invalid',
    ],
    ['broken JSON', '{"paths": ', 'config-invalid'],
    [
      'a day without a schedule',
      bulkDocument({ path: 's3://lake/{dd}/', table: 'public.orders', merges: true }),
      'config-invalid',
    ],
    ['a list', [], 'config-invalid'],
  ])('refuses input with %s', async (_what, input, code) => {
    const stage = await Stage.open({ tables: ORDERS });
    await expect(stage.container().bulkLoader(input)).rejects.toMatchObject({ code });
  });
});
