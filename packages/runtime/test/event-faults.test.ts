import { randomBytes } from 'node:crypto';
import {
  ColumnLists,
  type Consumer,
  chunkPacking,
  LoadError,
  type ObjectStore,
  parseConfig,
  type SealedChunk,
} from '@millrace/core';
import { MemoryObjectStore, MemorySeals, MemoryStream } from '@millrace/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { ConsumerLoop, openEventStream } from '../src/index.ts';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, TestProjects } from './test-project.ts';

const TARGETS = { 'public.log': { mode: 'append' } };
const EVENTS = { 'page.viewed': [{ fact: 'public.log', columns: { id: '$.id' } }] };

const projects = new TestProjects();
afterEach(() => projects.removeAll());

function entriesOf(ids: readonly string[]) {
  return ids.map((id) => ({
    partitionKey: id,
    data: Buffer.from(
      JSON.stringify({ id, type: 'page.viewed', time: '2026-01-01T00:00:00Z', data: 'x'.repeat(200) }),
    ),
  }));
}

const idsOf = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `e${from + n}`);

interface Consuming {
  readonly stream: MemoryStream;
  readonly loop: ConsumerLoop;
  readonly errors: unknown[];
  readonly sealed: SealedChunk[];
  rows(): Promise<string[]>;
}

/** A consumer over ports in memory. */
function consume(
  limits: Partial<{ maxAgeMs: number; chunkBytes: number; maxBytes: number }>,
  instrument: (objects: ObjectStore) => ObjectStore = (objects) => objects,
): Consuming {
  const { events } = parseConfig({ targets: TARGETS, events: EVENTS }, { source: 'test' });
  if (events === null) throw new Error('the test has events');
  const stored = new MemoryObjectStore();
  const objects = instrument(stored);
  const control = { bucket: 'millrace', key: '' };
  const consumer: Consumer = {
    stream: 'test',
    seals: new MemorySeals(),
    objects,
    columnLists: new ColumnLists(objects, control),
    transforms: events.transforms,
    control,
    packing: chunkPacking('none'),
    now: Date.now,
    random: () => randomBytes(16),
  };
  const stream = new MemoryStream({ shards: 2 });
  const [errors, sealed]: [unknown[], SealedChunk[]] = [[], []];
  const loop = new ConsumerLoop(consumer, stream, {
    limits: { maxAgeMs: 10, chunkBytes: 1e6, maxBytes: 1e7, pollMs: 5, ...limits },
    discoverMs: 10,
    onSealed: (chunks) => sealed.push(...chunks),
    onError: (error) => errors.push(error),
  });
  const rows = async (): Promise<string[]> => {
    const texts: string[] = [];
    for (const chunk of sealed) {
      for await (const part of await stored.read(chunk)) texts.push(Buffer.from(part).toString());
    }
    return texts.join('').trim().split('\n').sort();
  };
  return { stream, loop, errors, sealed, rows };
}

describe('a consumer', () => {
  it('whose object store fails goes on when it works again, tells it once, and holds no more than it may', async () => {
    let isDown = true;
    let held = 0;
    const { stream, loop, errors, rows } = consume({ maxBytes: 20_000, chunkBytes: 20_000 }, (objects) =>
      replaceMethods(objects, {
        write: async (at, body, options) => {
          if (isDown && at.key.startsWith('loads/')) {
            held = Math.max(held, body instanceof Uint8Array ? body.length : 0);
            throw new LoadError('store-unavailable', 'the store is away', { class: 'transient' });
          }
          return objects.write(at, body, options);
        },
      }),
    );
    const ids = idsOf(0, 20_000);
    await stream.put(entriesOf(ids));
    loop.start();
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 400));
    // Each shard stops reading at the bound; what a slice of records is beyond it is little.
    expect(held).toBeLessThan(30_000);
    isDown = false;
    await loop.drain();
    await loop.close();
    expect(await rows()).toEqual([...ids].sort());
    expect(new Set(errors.map(String)).size).toBe(errors.length / 2);
  });

  it('follows splits and merges while it runs', async () => {
    const { stream, loop, errors, rows } = consume({});
    loop.start();
    await stream.put(entriesOf(idsOf(0, 500)));
    const [one = '', two = ''] = (await stream.shards()).map(({ id }) => id);
    const [left = ''] = stream.split(one);
    await stream.put(entriesOf(idsOf(500, 1_000)));
    await loop.drain();
    stream.merge(left, two);
    await stream.put(entriesOf(idsOf(1_000, 1_500)));
    await loop.drain();
    await loop.close();
    expect(await rows()).toEqual(idsOf(0, 1_500).sort());
    expect(errors).toEqual([]);
  });

  it('cuts a backlog by size and not by the age of its events', async () => {
    const { stream, loop, sealed, rows } = consume({ maxAgeMs: 5_000, chunkBytes: 20_000 });
    await stream.put(entriesOf(idsOf(0, 20_000)));
    loop.start();
    await loop.drain();
    await loop.close();
    expect((await rows()).length).toBe(20_000);
    expect(sealed.length).toBeLessThan(10);
  });

  it('seals what it has when it is closed', async () => {
    const { stream, loop, rows } = consume({ maxAgeMs: 60_000 });
    await stream.put(entriesOf(idsOf(0, 10)));
    loop.start();
    await expect.poll(() => loop.heldBytes).toBeGreaterThan(0);
    await loop.close();
    expect(await rows()).toEqual(idsOf(0, 10));
  });
});

describe('an embedded stream that gets another number of shards', () => {
  it('is consumed whole, in order of its generations', async () => {
    const project = projects.make({
      tables: 'CREATE TABLE public.log (id VARCHAR(64));',
      targets: TARGETS,
      config: { events: EVENTS },
    });
    let sent = 0;
    for (const shards of [2, 3, 1, 1, 4]) {
      const stream = { kind: 'embedded', shards };
      const { events } = parseConfig({ targets: TARGETS, events: EVENTS, stream }, { source: 'test' });
      if (events === null) throw new Error('the test has events');
      const opened = await openEventStream(events, { directory: project.directory, onError: () => {} });
      await opened.stream.put(entriesOf(idsOf(sent, sent + 100)));
      await opened.close();
      sent += 100;
      // Every second time, what the shards before hold is not consumed yet.
      if (shards === 3) await project.drain(async () => {});
    }
    await project.drain(async (millrace) => {
      const sql = 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.log';
      expect(await rowsOf(millrace, sql)).toEqual([{ n: sent, ids: sent }]);
    });
    expect(project.defects).toEqual([]);
  });
});
