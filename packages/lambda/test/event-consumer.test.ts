import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import { fact, LoadError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { compose, createEventConsumer } from '../src/index.ts';
import {
  config,
  consumerIn,
  eventNamed,
  ids,
  idsInTable,
  open,
  put,
  VIEWED,
  withSeals,
} from './event-consumer-fixture.ts';
import { recordsOf, STREAM } from './kinesis-records.ts';
import { contextOf } from './stage.ts';

/** Chance that is the same in every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the event consumer', () => {
  it('makes facts and dimensions of records that hold several events, and tells how far behind it is', async () => {
    const { stage, client } = await open();
    await put(client, [...ids(0, 10).map((id) => eventNamed(id, `/${Number(id.slice(1)) % 3}`)), 'not JSON']);
    const records = await recordsOf(client);
    expect(records.length).toBeLessThan(11);
    const container = stage.container();
    expect(await consumerIn(container)(records)).toEqual({ batchItemFailures: [] });
    await stage.drain(container);
    expect(await idsInTable(stage)).toEqual(ids(0, 10).sort());
    expect(await stage.rows('SELECT COUNT(*) FROM public.pages')).toEqual([[3]]);
    expect(stage.metrics).toContainEqual(
      expect.objectContaining({ stream: STREAM, EventsConsumed: 11, MillisBehindLatest: expect.any(Number) }),
    );
    expect(stage.log.lines).toContainEqual(
      expect.objectContaining({ message: 'events were rejected; the reasons are in the object' }),
    );
  });

  it('passes over what is sealed, however a repeated batch is cut', async () => {
    const { stage, client } = await open();
    await put(
      client,
      ids(0, 23).map((id) => eventNamed(id)),
    );
    const records = await recordsOf(client);
    const container = stage.container();
    const consume = consumerIn(container);
    for (const [from, to] of [
      [0, 2],
      [0, 1],
      [1, 4],
      [0, records.length],
      [2, records.length],
    ] as const) {
      expect(await consume(records.slice(from, to))).toEqual({ batchItemFailures: [] });
    }
    await stage.drain(container);
    expect(await idsInTable(stage)).toEqual(ids(0, 23).sort());
    const chunks: string[] = [];
    const { objects } = container.composition;
    for await (const { key } of objects.list({ bucket: 'control', prefix: 'millrace/loads/public.views/' })) {
      chunks.push(key);
    }
    expect(chunks).toHaveLength(3);
  });

  it('lets one of two invocations with the same records seal, and both succeed', async () => {
    const { stage, client } = await open();
    await put(
      client,
      ids(0, 9).map((id) => eventNamed(id)),
    );
    const records = await recordsOf(client);
    const [one, other] = [stage.container(), stage.container()];
    await Promise.all([
      consumerIn(one)(records),
      consumerIn(other)(records.slice(0, 2)),
      consumerIn(other)(records),
    ]);
    await stage.drain(one);
    expect(await idsInTable(stage)).toEqual(ids(0, 9).sort());
  });

  it('fails before the seal: the batch comes again, and no row is there twice', async () => {
    const { stage, client } = await open();
    await put(
      client,
      ids(0, 5).map((id) => eventNamed(id)),
    );
    const records = await recordsOf(client);
    const container = stage.container();
    const died = new LoadError('died', 'the function was ended');
    const dying = consumerIn(container, {
      seals: (seals) => withSeals(seals, { move: () => Promise.reject(died) }),
    });
    await expect(dying(records)).rejects.toBe(died);
    const { seals } = (await container.composition.catalog.sites())[0]?.events ?? {};
    expect(await seals?.unannounced(STREAM)).toEqual([]);
    await consumerIn(container)(records);
    await stage.drain(container);
    expect(await idsInTable(stage)).toEqual(ids(0, 5).sort());
  });

  it('fails between seal and announcement: the batch is done, and the sweeper announces', async () => {
    const { stage, client } = await open();
    await put(
      client,
      ids(0, 5).map((id) => eventNamed(id)),
    );
    const records = await recordsOf(client);
    const container = stage.container();
    let isDown = true;
    const cut = consumerIn(container, {
      seals: (seals) => {
        let moved = false;
        return withSeals(seals, {
          move: async (...args) => {
            moved = await seals.move(...args);
            return moved;
          },
          seal: (...args) =>
            moved && isDown
              ? Promise.reject(new LoadError('tracker-unavailable', 'away'))
              : seals.seal(...args),
        });
      },
    });
    expect(await cut(records)).toEqual({ batchItemFailures: [] });
    isDown = false;
    expect(await stage.lane(container, 'public.views')).toBeUndefined();
    await container.sweeper();
    expect(await stage.lane(container, 'public.views')).toMatchObject({ arrivals: 1 });
    await stage.drain(container);
    expect(await idsInTable(stage)).toEqual(ids(0, 5).sort());
  });

  it('answers with the first record that is not sealed, where the event source hears it', async () => {
    const { stage, client } = await open();
    await put(
      client,
      ids(0, 1_200).map((id) => eventNamed(id)),
    );
    const records = await recordsOf(client);
    for (const [partial, answer] of [
      ['false', 'throws'],
      ['true', 'answers'],
    ] as const) {
      const container = stage.container({ PARTIAL_BATCH_RESPONSE: partial });
      let moves = 0;
      const failing = consumerIn(container, {
        // Sealed every 500 records.
        limits: { chunkBytes: 1_000_000, maxBytes: 1 },
        seals: (seals) =>
          withSeals(seals, {
            move: (...args) => {
              moves += 1;
              return moves > 1 ? Promise.reject(new LoadError('away', 'away')) : seals.move(...args);
            },
          }),
      });
      if (answer === 'throws') {
        await expect(failing(records)).rejects.toThrow('away');
        continue;
      }
      const { batchItemFailures } = await failing(records);
      const [first] = batchItemFailures;
      const at = records.findIndex(({ eventID }) => String(eventID).endsWith(`:${first?.itemIdentifier}`));
      expect(batchItemFailures).toHaveLength(1);
      expect(at).toBeGreaterThan(0);
      expect(await consumerIn(container)(records.slice(at))).toEqual({ batchItemFailures: [] });
      await stage.drain(container);
    }
    expect(await idsInTable(stage)).toEqual(ids(0, 1_200).sort());
  });

  it('adds every row once, wherever it dies, however batches are cut and repeated, over a split', async () => {
    const { stage, client } = await open();
    const half = ids(0, 150).map((id) => eventNamed(id));
    // Sent twice, as a client does that did not hear the answer.
    await put(client, [...half, ...half]);
    await client.send(
      new SplitShardCommand({
        StreamName: STREAM,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: (2n ** 127n).toString(),
      }),
    );
    await put(
      client,
      ids(150, 300).map((id) => eventNamed(id)),
    );
    const records = await recordsOf(client);
    const chance = dice(7);
    let deaths = 0;
    for (const shard of new Set(records.map(({ eventID }) => String(eventID).split(':')[0]))) {
      const own = records.filter(({ eventID }) => String(eventID).startsWith(`${shard}:`));
      for (let at = 0; at < own.length; ) {
        // What Lambda has acknowledged comes again now and then, by a person's hand; what failed is cut anew.
        const from = Math.max(0, at - (chance() < 0.2 ? 3 : 0));
        const to = from + 1 + Math.floor(chance() * 8);
        const dying = chance() < 0.75 ? Math.floor(chance() * 5) : -1;
        const container = stage.container();
        const died = new LoadError('died', 'the function was ended');
        const consume = consumerIn(container, {
          limits: { chunkBytes: 400, maxBytes: 1_000 },
          seals: (seals) =>
            withSeals(seals, {
              seal: (...args) => (dying === 0 ? Promise.reject(died) : seals.seal(...args)),
              move: async (...args) => {
                if (dying === 1) throw died;
                const isMoved = await seals.move(...args);
                if (dying === 2) throw died;
                return isMoved;
              },
              markAnnounced: async (...args) => {
                if (dying === 3) throw died;
                await seals.markAnnounced(...args);
                if (dying === 4) throw died;
              },
            }),
        });
        try {
          await consume(own.slice(from, to));
          at = Math.max(at, to);
        } catch (error) {
          expect(error).toBe(died);
        }
        if (dying >= 0) deaths += 1;
      }
    }
    expect(deaths).toBeGreaterThan(25);
    const container = stage.container();
    await container.sweeper();
    await stage.drain(container);
    expect(await idsInTable(stage)).toEqual(ids(0, 300).sort());
    expect(await stage.rows('SELECT COUNT(*) FROM public.pages')).toEqual([[300]]);
    const [site] = await container.composition.catalog.sites();
    expect(await site?.events?.seals.unannounced(STREAM)).toEqual([]);
  }, 60_000);

  it('takes transforms that are functions, given by code', async () => {
    const { stage, client } = await open({ 'page.viewed': VIEWED });
    const composition = compose(stage.env, {
      clients: stage.clients,
      log: stage.log,
      writeLine: () => {},
      transforms: { 'page.left': ({ id, time }) => fact('public.views', { id, url: 'left', at: time }) },
    });
    await put(client, [eventNamed('a'), eventNamed('b', '/b', 'page.left')]);
    await createEventConsumer(() => composition)({ Records: await recordsOf(client) }, contextOf());
    await stage.drain(stage.container());
    expect(await stage.rows('SELECT id, url FROM public.views ORDER BY id')).toEqual([
      ['a', '/a'],
      ['b', 'left'],
    ]);
  });

  it('says what is wrong with its trigger, and with a configuration without events', async () => {
    const { stage, client } = await open();
    await put(client, [eventNamed('a')]);
    const [record] = await recordsOf(client);
    const consume = consumerIn(stage.container());
    await expect(consume([{ ...record, eventSource: 'aws:sqs' }])).rejects.toMatchObject({
      code: 'event-foreign',
    });
    await expect(
      consume([{ ...record, eventSourceARN: 'arn:aws:kinesis:us-east-1:1:stream/other' }]),
    ).rejects.toMatchObject({ code: 'stream-foreign' });
    const { events: _, stream: __, ...other } = config();
    await stage.put('millrace.config.json', JSON.stringify({ ...other, targets: {} }), { bucket: 'config' });
    await expect(consumerIn(stage.container())([record ?? {}])).rejects.toMatchObject({
      code: 'events-missing',
    });
  });
});
