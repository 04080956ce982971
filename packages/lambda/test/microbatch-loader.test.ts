import { NotificationDeliverer, notificationBody, testEventBody } from '@millrace/testkit/aws';
import { describe, expect, it } from 'vitest';
import { queueDocument } from './seed-documents.ts';
import { contextOf, type Stage as OpenStage, Stage, sqsEvent, told } from './stage.ts';

const ORDERS = 'CREATE TABLE public.orders (id int, name varchar(50), changed_at timestamp)';
const QUEUE = 'orders_queue';
const DOCUMENTS = { [QUEUE]: queueDocument({ table: 'public.orders', merges: false }) };
const DONE = { batchItemFailures: [] };

const row = (id: number, name = 'a', minute = 0): string => `${id},${name},2026-11-21 00:0${minute}:00\n`;
const ids = (stage: OpenStage) => stage.rows('SELECT id FROM public.orders ORDER BY id');
const failuresOf = (answer: { batchItemFailures: readonly { itemIdentifier: string }[] }): string[] =>
  answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

describe('the microbatch loader', () => {
  it('makes rows of files that S3 told its queue of, once, whatever comes twice, late, out of order, in three wrappings', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const deliverer = new NotificationDeliverer(
      async (body) =>
        expect(await container.microbatchLoader(sqsEvent(QUEUE, [body]))).toEqual(DONE) as never,
      { seed: 7, duplicates: 0.5, late: 0.3, isShuffled: true, wrappings: ['plain', 'sns', 'eventbridge'] },
    );
    for (let id = 1; id <= 12; id += 1) deliverer.take(await stage.put(`orders/${id}.csv`, row(id)));
    const { late } = await deliverer.deliver();
    expect(late).toBeGreaterThan(0);
    await stage.drain(container);
    expect((await ids(stage)).length).toBeLessThan(12);
    await deliverer.deliverLate();
    await stage.drain(container);
    expect(await ids(stage)).toEqual(Array.from({ length: 12 }, (_, at) => [at + 1]));
    expect(stage.log.of('error')).toEqual([]);
    expect(await stage.quiet()).toEqual([]);
  });

  it('reads every record of a notification, not the first alone', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const objects = [1, 2, 3].map((id) => stage.put(`${id}.csv`, row(id)));
    const body = notificationBody(await Promise.all(objects), 'plain');
    await container.microbatchLoader(sqsEvent(QUEUE, [body]));
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1], [2], [3]]);
  });

  it('decodes keys as forms encode them: blanks, pluses, percent signs, other alphabets', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const keys = ['a b.csv', 'a+b.csv', '100%.csv', 'Скопје/é~(1)!.csv'];
    const objects = [];
    for (const [at, key] of keys.entries()) objects.push(await stage.put(key, row(at)));
    expect(await container.microbatchLoader(told(QUEUE, objects))).toEqual(DONE);
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[0], [1], [2], [3]]);
  });

  it('does not load the files of earlier invocations again when its container is warm', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    for (const id of [1, 2, 3]) {
      await container.microbatchLoader(told(QUEUE, [await stage.put(`${id}.csv`, row(id))]));
      await stage.drain(container);
    }
    expect(await ids(stage)).toEqual([[1], [2], [3]]);
    const jobs = stage.told.flatMap((event) => (event.kind === 'table-loaded' ? [event.job.files] : []));
    expect(jobs).toEqual([1, 1, 1]);
  });

  it('acknowledges the test event that S3 sends when notifications are set up', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    expect(await container.microbatchLoader(sqsEvent(QUEUE, [testEventBody('lake')]))).toEqual(DONE);
    expect(await stage.lanes(container)).toEqual([]);
  });

  it('lets one bad message fail alone', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const good = notificationBody([await stage.put('1.csv', row(1))], 'plain');
    const event = sqsEvent(QUEUE, ['no JSON', good, '{"what":"is this"}', '[]']);
    const answer = await container.microbatchLoader(event);
    const bad = event.Records.filter(({ body }) => body !== good).map(({ messageId }) => messageId);
    expect(failuresOf(answer)).toEqual(bad);
    expect(stage.log.of('error').map(({ fields }) => fields.code)).toEqual(
      Array(3).fill('notification-foreign'),
    );
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
  });

  it('admits all files of an invocation that go to one lane together, and looks at the lane once', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const { site } = await container.composition.catalog.ofQueue(QUEUE);
    const calls: string[] = [];
    const { tracker } = site.loader;
    for (const name of ['addArrivals', 'addFiles', 'waitingFiles'] as const) {
      const call = tracker[name].bind(tracker) as (...given: unknown[]) => unknown;
      Object.assign(tracker, {
        [name]: (...given: unknown[]) => {
          calls.push(name);
          return call(...given);
        },
      });
    }
    const objects = [];
    for (let id = 1; id <= 10; id += 1) objects.push(await stage.put(`${id}.csv`, row(id)));
    await container.microbatchLoader(told(QUEUE, objects));
    expect(calls).toEqual(['addFiles', 'addArrivals', 'waitingFiles']);
  });

  it('does not read all that waits at every intake, and loads a batch that is full before its time', async () => {
    const targets = {
      'public.orders': {
        mode: 'append',
        from: 's3://lake/orders/',
        format: { kind: 'csv' },
        maxFiles: 60,
        freshness: '1h',
      },
    };
    const config = {
      warehouse: { kind: 'redshift', cluster: 'analytics', database: 'dev', dbUser: 'loader' },
      objects: { kind: 's3' },
      tracker: { kind: 'dynamodb', table: 'millrace-tracker' },
      control: 's3://control/millrace/',
      targets,
    };
    const stage = await Stage.open({ tables: ORDERS, config });
    const container = stage.container();
    const [site] = await container.composition.catalog.sites();
    const { tracker } = site?.loader ?? {};
    if (tracker === undefined) throw new Error('there is no site');
    let looks = 0;
    const waitingFiles = tracker.waitingFiles.bind(tracker);
    tracker.waitingFiles = (target, limit) => {
      looks += 1;
      return waitingFiles(target, limit);
    };
    for (let id = 0; id < 40; id += 1) {
      await container.microbatchLoader(told('any', [await stage.put(`orders/${id}.csv`, row(id))]));
    }
    // One that finds the lane idle, and one in fifteen of the rest: 2.6 of 39.
    expect(looks).toBeGreaterThanOrEqual(1);
    expect(looks).toBeLessThan(15);
    const rest = [];
    for (let id = 40; id < 80; id += 1) rest.push(await stage.put(`orders/${id}.csv`, row(id)));
    await container.microbatchLoader(told('any', rest));
    await stage.settleDown(container);
    expect(await ids(stage)).toHaveLength(60);
  });

  it('takes a batch of hundreds of messages with the longest keys', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const objects = Array.from({ length: 400 }, (_, id) => ({
      eventName: 'ObjectCreated:Put' as const,
      bucket: 'lake',
      key: `orders/${String(id).padStart(900, '0')}.csv`,
      size: 30,
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      sequencer: '00',
      at: Date.now(),
    }));
    expect(await container.microbatchLoader(told(QUEUE, objects))).toEqual(DONE);
    expect(await stage.lane(container, 'public.orders')).toMatchObject({ arrivals: 400 });
  });

  it('takes events that come straight from S3 or EventBridge, or by SNS, where routes say whose they are', async () => {
    const config = {
      warehouse: { kind: 'redshift', cluster: 'analytics', database: 'dev', dbUser: 'loader' },
      objects: { kind: 's3' },
      tracker: { kind: 'dynamodb', table: 'millrace-tracker' },
      control: 's3://control/millrace/',
      targets: { 'public.orders': { mode: 'append', from: 's3://lake/orders/', format: { kind: 'csv' } } },
    };
    const stage = await Stage.open({ tables: ORDERS, config });
    const container = stage.container();
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map((id) => stage.put(`orders/${id}.csv`, row(id))),
    );
    const direct = JSON.parse(notificationBody([one as never], 'plain'));
    const event = JSON.parse(notificationBody([two as never], 'eventbridge'));
    const sns = { EventSource: 'aws:sns', Sns: { Message: notificationBody([three as never], 'plain') } };
    for (const given of [direct, event, { Records: [sns] }]) {
      expect(await container.microbatchLoader(given)).toEqual(DONE);
    }
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1], [2], [3]]);
    await expect(container.microbatchLoader({ what: 'is this' })).rejects.toMatchObject({
      code: 'notification-foreign',
    });
  });

  it('leaves alone what no target takes: marks of folders, its own objects, other prefixes', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const objects = [
      await stage.put('orders/', ''),
      await stage.put('manifests/jobs/x.json', '{}', { bucket: 'control' }),
      await stage.put('rs-loader-config/other_queue.json', '{}', { bucket: 'config' }),
    ];
    expect(await container.microbatchLoader(told(QUEUE, objects))).toEqual(DONE);
    expect(await stage.lanes(container)).toEqual([]);
  });

  it('fails every message of a queue that nothing is known of, and takes them when its document is there', async () => {
    const stage = await Stage.open({ tables: ORDERS });
    const container = stage.container();
    const event = told(QUEUE, [await stage.put('1.csv', row(1)), await stage.put('2.csv', row(2))]);
    const answer = await container.microbatchLoader(event);
    expect(failuresOf(answer)).toEqual(event.Records.map(({ messageId }) => messageId));
    expect(stage.log.of('error')[0]?.fields).toMatchObject({
      code: 'queue-unknown',
      reason: expect.stringContaining('s3://config/rs-loader-config/orders_queue.json'),
    });
    // The container is warm still.
    await stage.writeDocument(QUEUE, DOCUMENTS[QUEUE]);
    expect(await container.microbatchLoader(event)).toEqual(DONE);
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1], [2]]);
  });

  it.each([
    ['is not JSON', '{"copy": ', /not JSON/u],
    ['is not filled in', queueDocument({ table: '<TARGET_TABLE>', merges: false }), /placeholder/u],
    ['has no cluster', '{"copy": {"table_name": "public.orders", "options": "CSV"}}', /'cluster'/u],
    [
      'has options that COPY must not have',
      queueDocument({ table: 'public.orders', merges: false, copy: 'CSV NOLOAD' }),
      /NOLOAD/u,
    ],
  ])('keeps messages in the queue whose document %s', async (_what, document, said) => {
    const stage = await Stage.open({ tables: ORDERS, documents: { [QUEUE]: document } });
    const container = stage.container();
    const event = told(QUEUE, [await stage.put('1.csv', row(1))]);
    expect(failuresOf(await container.microbatchLoader(event))).toHaveLength(1);
    expect(String(stage.log.of('error').at(-1)?.fields.reason)).toMatch(said);
    await stage.writeDocument(QUEUE, DOCUMENTS[QUEUE]);
    stage.skip(61_000);
    expect(await container.microbatchLoader(event)).toEqual(DONE);
  });

  it('keeps messages when it may not read their document, and says so', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const event = told(QUEUE, [await stage.put('1.csv', row(1))]);
    stage.front.failNext([{ status: 403, code: 'AccessDenied' }]);
    expect(failuresOf(await container.microbatchLoader(event))).toHaveLength(1);
    expect(stage.log.of('error')[0]?.fields).toMatchObject({ code: 'store-denied', class: 'config' });
    expect(await container.microbatchLoader(event)).toEqual(DONE);
  });

  it('takes nothing new when its time is nearly over', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const event = told(QUEUE, [await stage.put('1.csv', row(1))]);
    expect(failuresOf(await container.microbatchLoader(event, contextOf(3_000)))).toHaveLength(1);
    expect(await stage.lanes(container)).toEqual([]);
    expect(await container.microbatchLoader(event)).toEqual(DONE);
  });
});
