import { LoadError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { compose, createEventConsumer } from '../src/index.ts';
import {
  config,
  consumerIn,
  eventNamed,
  eventsIn,
  ids,
  idsInTable,
  open,
  put,
  VIEWED,
  withSeals,
} from './event-consumer-fixture.ts';
import { recordsOf, STREAM } from './kinesis-records.ts';
import { contextOf } from './stage.ts';

/** What differs between two attempts at the same records, and rows that do not fit their tables. */
describe('the event consumer', () => {
  it('consumes again with other transforms, cuts and settings what it had not sealed, and nothing else', async () => {
    const { stage, client } = await open();
    await put(
      client,
      ids(0, 40).map((id) => eventNamed(id)),
    );
    const records = await recordsOf(client);
    const died = new LoadError('died', 'the function was ended');
    // The first attempt seals twice, and dies in its third seal.
    let moves = 0;
    const dying = consumerIn(stage.container(), {
      limits: { chunkBytes: 1, maxBytes: 1 },
      seals: (seals) =>
        withSeals(seals, {
          move: (...args) => {
            moves += 1;
            return moves > 2 ? Promise.reject(died) : seals.move(...args);
          },
        }),
    });
    await expect(dying(records.slice(0, 1))).resolves.toBeDefined();
    await expect(dying(records.slice(0, 3))).resolves.toBeDefined();
    await expect(dying(records)).rejects.toBe(died);
    const sealed = records.slice(0, 3).flatMap((record) => eventsIn(record));
    const [fact, dimension] = VIEWED;
    const marked = { ...fact, columns: { ...fact?.columns, url: '$.type' } };
    const other = { ...config({ 'page.viewed': [marked, dimension] }), consumer: { compression: 'gzip' } };
    await stage.put('millrace.config.json', JSON.stringify(other), { bucket: 'config' });
    const container = stage.container();
    const consume = consumerIn(container, { limits: { chunkBytes: 300, maxBytes: 500 } });
    for (const [from, to] of [
      [1, 5],
      [0, 7],
      [4, records.length],
    ] as const) {
      expect(await consume(records.slice(from, to))).toEqual({ batchItemFailures: [] });
    }
    await container.sweeper();
    await stage.drain(container);
    expect(await idsInTable(stage)).toEqual(ids(0, 40).sort());
    const again = await stage.rows("SELECT COUNT(*) FROM public.views WHERE url = 'page.viewed'");
    expect(again).toEqual([[40 - sealed.length]]);
  });

  it('rejects the one event whose row does not fit, and counts it', async () => {
    const { stage, client } = await open();
    const long = '/x'.repeat(150);
    await put(client, [
      eventNamed('a'),
      eventNamed('long', long),
      eventNamed('b'),
      eventNamed('longer', long),
    ]);
    const lines: string[] = [];
    const composition = compose(stage.env, {
      clients: stage.clients,
      log: stage.log,
      writeLine: (line) => lines.push(line),
    });
    const consume = createEventConsumer(() => composition);
    await consume({ Records: await recordsOf(client) }, contextOf());
    await stage.drain(stage.container());
    expect(await idsInTable(stage)).toEqual(['a', 'b']);
    expect(await stage.rows('SELECT COUNT(*) FROM public.pages')).toEqual([[2]]);
    const figures = lines.map((line) => JSON.parse(line)).find(({ EventsRejected }) => EventsRejected > 0);
    expect(figures).toMatchObject({ EventsConsumed: 4, EventsRejected: 2, shard: expect.any(String) });
    expect(figures._aws.CloudWatchMetrics[0].Dimensions).toEqual([['stream'], ['stream', 'shard']]);
  });

  it('goes on without a check while the warehouse is away', async () => {
    const { stage, client } = await open();
    await put(client, [eventNamed('a'), eventNamed('b')]);
    const container = stage.container();
    stage.fault({ maintenance: true });
    expect(await consumerIn(container)(await recordsOf(client))).toEqual({ batchItemFailures: [] });
    const [site] = await container.composition.catalog.sites();
    const { position } = (await site?.events?.seals.seal(STREAM, 'shardId-000000000000')) ?? {};
    expect(position).not.toBeNull();
    stage.fault({ maintenance: false });
  });
});
