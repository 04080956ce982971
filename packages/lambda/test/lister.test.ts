import { describe, expect, it } from 'vitest';
import { Stage, sqsEvent, told } from './stage.ts';

const TABLES = ['orders', 'items']
  .map((name) => `CREATE TABLE public.${name} (id int, name varchar(50))`)
  .join(';');

const config = (targets: Readonly<Record<string, unknown>>) => ({
  warehouse: { kind: 'redshift', cluster: 'analytics', database: 'dev', dbUser: 'loader' },
  objects: { kind: 's3' },
  tracker: { kind: 'dynamodb', table: 'millrace-tracker' },
  control: 's3://control/millrace/',
  targets,
});

const MOVED = {
  mode: 'append',
  from: 's3://lake/incoming/',
  format: { kind: 'csv' },
  after: 'move',
  processedPrefix: 's3://lake/processed/',
};

async function keysBelow(stage: Stage, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  const { objects } = stage.container().composition;
  for await (const { key } of objects.list({ bucket: 'lake', prefix })) keys.push(key);
  return keys;
}

const unprocessed = (stage: Stage): unknown[] =>
  stage.metrics.flatMap((line) => ('UnprocessedFiles' in line ? [line.UnprocessedFiles] : []));

describe('the lister', () => {
  it('lets in at most so many files a run, loads them by one COPY and moves them; the metric tells what is left', async () => {
    const stage = await Stage.open({
      tables: TABLES,
      config: config({ 'public.orders': MOVED }),
      env: { MAX_FILES_PER_RUN: '4' },
    });
    const container = stage.container();
    for (let id = 0; id < 10; id += 1) await stage.put(`incoming/${id}.csv`, `${id},a\n`);
    const loaded: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      await container.lister();
      await stage.settleDown(container);
      loaded.push((await stage.rows('SELECT id FROM public.orders')).length);
      stage.skip(60_000);
    }
    expect(loaded).toEqual([4, 8, 10]);
    const jobs = stage.told.flatMap((event) => (event.kind === 'table-loaded' ? [event.job.files] : []));
    expect(jobs).toEqual([4, 4, 2]);
    expect(unprocessed(stage)).toEqual([6, 2, 0]);
    expect(await keysBelow(stage, 'incoming/')).toEqual([]);
    expect(await keysBelow(stage, 'processed/')).toHaveLength(10);
  });

  it('does not let objects that stay hide newer ones', async () => {
    const stage = await Stage.open({
      tables: TABLES,
      config: config({ 'public.orders': { ...MOVED, after: 'keep', processedPrefix: undefined } }),
      env: { MAX_FILES_PER_RUN: '2' },
    });
    const container = stage.container();
    for (const name of ['a', 'b', 'c']) await stage.put(`incoming/${name}.csv`, 'no number,x\n');
    for (const id of [1, 2, 3]) await stage.put(`incoming/z${id}.csv`, `${id},a\n`);
    for (let run = 0; run < 6; run += 1) {
      await container.lister();
      await stage.drain(container);
    }
    expect(await stage.rows('SELECT id FROM public.orders ORDER BY id')).toEqual([[1], [2], [3]]);
    // Sorts before everything that stays.
    await stage.put('incoming/0.csv', '0,a\n');
    await container.lister();
    await stage.drain(container);
    expect(await stage.rows('SELECT count(*) FROM public.orders')).toEqual([[4]]);
    // The three bad ones stay, and are all that is left.
    expect(unprocessed(stage).at(-1)).toBe(3);
  });

  it('hands each of several targets to an invocation of its own, when it has a queue', async () => {
    const items = { mode: 'append', from: 's3://lake/items/', format: { kind: 'csv' } };
    const stage = await Stage.open({
      tables: TABLES,
      config: config({ 'public.orders': MOVED, 'public.items': items }),
    });
    await stage.put('incoming/1.csv', '1,a\n');
    await stage.put('items/2.csv', '2,b\n');
    const queueUrl = stage.aws.createQueue('millrace-listings');
    const container = stage.container({ LIST_QUEUE_URL: queueUrl });
    const sent: string[] = [];
    const { sqs } = stage.clients;
    sqs.middlewareStack.add(
      (next) => async (args) => {
        const { Entries = [] } = args.input as { Entries?: { MessageBody: string }[] };
        sent.push(...Entries.map(({ MessageBody }) => MessageBody));
        return next(args);
      },
      { step: 'initialize' },
    );
    await container.lister();
    expect(sent).toHaveLength(2);
    for (const body of [...sent, ...sent]) {
      expect(await container.lister(sqsEvent('millrace-listings', [body]))).toEqual({
        batchItemFailures: [],
      });
    }
    expect((await container.lister(sqsEvent('millrace-listings', ['what']))).batchItemFailures).toHaveLength(
      1,
    );
    await stage.drain(container);
    expect(
      await stage.rows('SELECT id FROM public.orders UNION ALL SELECT id FROM public.items ORDER BY 1'),
    ).toEqual([[1], [2]]);
  });
});

describe('a configuration', () => {
  it('sends what a queue announces to the targets that name it, and all else by routes', async () => {
    const items = { mode: 'append', from: { queue: 'items_queue' }, format: { kind: 'csv' } };
    const orders = { mode: 'append', from: 's3://lake/orders/', format: { kind: 'csv' } };
    const stage = await Stage.open({
      tables: TABLES,
      config: config({ 'public.orders': orders, 'public.items': items }),
    });
    const container = stage.container();
    await container.microbatchLoader(told('items_queue', [await stage.put('anywhere.csv', '1,a\n')]));
    await container.microbatchLoader(told('other_queue', [await stage.put('orders/2.csv', '2,b\n')]));
    await container.microbatchLoader(told('other_queue', [await stage.put('elsewhere.csv', '3,c\n')]));
    await stage.drain(container);
    expect(await stage.rows('SELECT id FROM public.items')).toEqual([[1]]);
    expect(await stage.rows('SELECT id FROM public.orders')).toEqual([[2]]);
  });

  it('is read again when it was changed, by a warm container', async () => {
    const orders = { mode: 'append', from: 's3://lake/orders/', format: { kind: 'csv' } };
    const stage = await Stage.open({ tables: TABLES, config: config({ 'public.orders': orders }) });
    const container = stage.container();
    await container.sweeper();
    const items = { ...orders, from: 's3://lake/items/' };
    const changed = JSON.stringify(config({ 'public.orders': orders, 'public.items': items }));
    await stage.put('millrace.config.json', changed, { bucket: 'config' });
    stage.skip(301_000);
    const [site] = await container.composition.catalog.sites();
    expect([...(site?.targets.keys() ?? [])]).toEqual(['public.orders', 'public.items']);
  });

  it('is looked up at once for an object that no target takes: nobody tells of it again', async () => {
    const orders = { mode: 'append', from: 's3://lake/orders/', format: { kind: 'csv' } };
    const stage = await Stage.open({ tables: TABLES, config: config({ 'public.orders': orders }) });
    const container = stage.container();
    await container.microbatchLoader(told('any_queue', [await stage.put('orders/1.csv', '1,a\n')]));
    const items = { ...orders, from: 's3://lake/items/' };
    const changed = JSON.stringify(config({ 'public.orders': orders, 'public.items': items }));
    await stage.put('millrace.config.json', changed, { bucket: 'config' });
    await container.microbatchLoader(told('any_queue', [await stage.put('items/2.csv', '2,b\n')]));
    await stage.drain(container);
    expect(await stage.rows('SELECT id FROM public.orders')).toEqual([[1]]);
    expect(await stage.rows('SELECT id FROM public.items')).toEqual([[2]]);
  });

  it('that is wrong is not believed: put right, it is used by the next invocation', async () => {
    const orders = { mode: 'append', from: 's3://lake/orders/', format: { kind: 'csv' } };
    const right = config({ 'public.orders': orders });
    const stage = await Stage.open({ tables: TABLES, config: { ...right, targets: undefined } });
    const container = stage.container();
    const event = told('any_queue', [await stage.put('orders/1.csv', '1,a\n')]);
    expect((await container.microbatchLoader(event)).batchItemFailures).toHaveLength(1);
    await stage.put('millrace.config.json', JSON.stringify(right), { bucket: 'config' });
    expect((await container.microbatchLoader(event)).batchItemFailures).toEqual([]);
    await stage.drain(container);
    expect(await stage.rows('SELECT id FROM public.orders')).toEqual([[1]]);
  });

  it.each([
    ['another warehouse', { warehouse: { kind: 'local' } }, /kind 'redshift'/u],
    ['a tracker on a disk', { tracker: { kind: 'sqlite' } }, /kind 'dynamodb'/u],
    ['no targets', { targets: undefined }, /targets/u],
  ])('with %s is refused, with what to do', async (_what, changes, said) => {
    const orders = { mode: 'append', from: 's3://lake/orders/', format: { kind: 'csv' } };
    const stage = await Stage.open({
      tables: TABLES,
      config: { ...config({ 'public.orders': orders }), ...changes },
    });
    await expect(stage.container().sweeper()).rejects.toThrow(said);
  });

  it('that is missing is told by its address', async () => {
    const stage = await Stage.open({
      tables: TABLES,
      config: {},
      env: { MILLRACE_CONFIG: 's3://config/not-there.json' },
    });
    await expect(stage.container().sweeper()).rejects.toThrow('there is no s3://config/not-there.json');
  });
});
