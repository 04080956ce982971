import { gzipSync } from 'node:zlib';
import { listTableChanges } from '@millrace/core';
import { expect, it } from 'vitest';
import { Stage, told } from './stage.ts';

const QUEUE = 'orders_queue';

/** Two targets that drift in two ways, from the same queue of a bucket. */
const CONFIG = {
  warehouse: { kind: 'redshift', cluster: 'analytics', database: 'dev', dbUser: 'loader' },
  objects: { kind: 's3' },
  tracker: { kind: 'dynamodb', table: 'millrace-tracker' },
  control: 's3://control/',
  targets: {
    'public.orders': {
      mode: 'append',
      from: { queue: QUEUE },
      format: { kind: 'csv', header: true },
      freshness: '30s',
      drift: { policy: 'evolve', misfits: 'rescue' },
    },
  },
};

it('on AWS a table follows its files, keeps what does not fit, and tells what was changed', async () => {
  const stage = await Stage.open({
    tables: 'CREATE TABLE public.orders (id BIGINT, city VARCHAR(5), price DECIMAL(8,2))',
    config: CONFIG,
  });
  const container = stage.container();
  const objects = [
    await stage.put('1.csv', 'id,city,price\n1,Rome,1.50\n'),
    await stage.put('2.csv', 'id,city,price,carrier\n2,Amsterdam,2,DHL\n'),
    await stage.put('3.csv.gz', gzipSync('id,price,city\n3,cheap,Oslo\n')),
  ];
  await container.microbatchLoader(told(QUEUE, objects));
  stage.skip(61_000);
  await stage.drain(container);
  expect(
    await stage.rows('SELECT id, city, price, carrier, _rescued FROM public.orders ORDER BY id'),
  ).toEqual([
    [1, 'Rome', '1.50', null, null],
    [2, 'Amsterdam', '2.00', 'DHL', null],
    [3, 'Oslo', null, null, '{"price":"cheap"}'],
  ]);
  const { site } = await container.composition.catalog.ofQueue(QUEUE);
  const changes = await listTableChanges({
    ...site.loader,
    wakes: { wake: async () => {} },
    onEvent: () => {},
  });
  expect(changes.map(({ column, change, isMade }) => [column, change, isMade]).sort()).toEqual([
    ['_rescued', 'add', true],
    ['carrier', 'add', true],
    ['city', 'widen', true],
  ]);
  expect(stage.told.filter(({ kind }) => kind === 'table-changed')).toHaveLength(3);
  expect(await stage.quiet()).toEqual([]);
});
