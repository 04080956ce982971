import { bareLoader, MemoryObjectStore, MemorySeals } from '@millrace/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { Transforms } from '../event/apply-transforms.ts';
import { chunkFolderOf, chunkKeyOf } from '../event/chunk-key.ts';
import { chunkPacking } from '../event/chunk-packing.ts';
import { ColumnLists } from '../event/column-list.ts';
import { textOfEvent } from '../event/envelope.ts';
import { fact } from '../event/transform.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { ulid } from '../load/ulid.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Seals } from '../ports/seals.ts';
import { announceSeals } from './announce-seals.ts';
import { type Consumer, openShard, sealShard, takeRecords } from './consume.ts';
import type { Loader } from './loader.ts';
import { sweepChunks } from './sweep-chunks.ts';

const HOUR = 60 * 60 * 1_000;
const STREAM = 'events';

let now: number;
let objects: MemoryObjectStore;
let seals: MemorySeals;
let loader: Loader;
beforeEach(() => {
  now = 1.8e12;
  objects = new MemoryObjectStore({ now: () => now });
  seals = new MemorySeals();
  const definition = { after: { kind: 'keep' } } as TargetDefinition;
  loader = { ...bareLoader(() => now), objects, targets: new Map([['public.t', definition]]) };
});

function consumerOf(parts: { seals?: Seals; objects?: ObjectStore } = {}): Consumer {
  const rule = {
    mode: 'append' as const,
    key: [],
    latestBy: [],
    nullKeys: 'append' as const,
    tombstone: null,
    columns: null,
  };
  const { control } = loader.settings;
  return {
    stream: STREAM,
    seals,
    objects,
    columnLists: new ColumnLists(objects, control),
    transforms: new Transforms(
      new Map([
        ['n', ({ id }) => (id === 'bad' ? { kind: 'rejected', reason: 'bad' } : fact('public.t', { id }))],
      ]),
      new Map([['public.t', rule]]),
    ),
    control,
    packing: chunkPacking('none'),
    now: () => now,
    random: () => new Uint8Array(16).map(() => Math.floor(Math.random() * 256)),
    ...parts,
  };
}

/** Consumes an event, and one that is rejected, as far as the consumer comes. */
async function consume(consumer: Consumer, position: string): Promise<void> {
  const hand = await openShard(consumer, 'shard');
  const recordOf = (id: string, at: string) => ({
    partitionKey: id,
    position: at,
    arrivedAt: now,
    data: Buffer.from(textOfEvent({ id, type: 'n', time: '2026-01-01T00:00:00Z', data: null })),
  });
  await takeRecords(consumer, hand, [recordOf(position, `${position}-0`), recordOf('bad', `${position}-1`)]);
  await sealShard(consumer, hand);
}

/** A consumer that dies between writing its chunks and sealing them. */
async function die(position: string): Promise<void> {
  const dying: Seals = { ...bound(seals), move: () => Promise.reject(new Error('died')) };
  await expect(consume(consumerOf({ seals: dying }), position)).rejects.toThrow('died');
}

const bound = (inner: Seals): Seals => ({
  seal: (...args) => inner.seal(...args),
  unannounced: (...args) => inner.unannounced(...args),
  move: (...args) => inner.move(...args),
  markAnnounced: (...args) => inner.markAnnounced(...args),
});

async function keys(): Promise<string[]> {
  const { bucket, key: prefix } = chunkFolderOf(loader.settings.control);
  const found: string[] = [];
  for await (const { key } of objects.list({ bucket, prefix })) found.push(key);
  return found;
}

const announce = () => announceSeals(loader, { seals, stream: STREAM });
const sweep = () => sweepChunks(loader, { seals, stream: STREAM, after: null });

describe('chunks that nobody sealed', () => {
  it('are deleted when a day is over, with the rejects, and not before', async () => {
    await die('1');
    expect(await keys()).toHaveLength(2);
    now += 23 * HOUR;
    expect(await sweep()).toMatchObject({ looked: 2, deleted: 0 });
    now += 2 * HOUR;
    expect(await sweep()).toEqual({ looked: 2, deleted: 2, next: null });
    expect(await keys()).toEqual([]);
  });

  it('go, and what was sealed beside them stays: announced, or not yet', async () => {
    await consume(consumerOf(), '1');
    await announce();
    const [announced] = await keys();
    await die('2');
    await consume(consumerOf(), '2');
    now += 25 * HOUR;
    expect(await sweep()).toMatchObject({ deleted: 2 });
    const left = await keys();
    expect(left).toContain(announced);
    // The registered chunk, and its rejects, wait to be announced.
    expect(left).toHaveLength(3);
    await announce();
    now += HOUR;
    expect(await sweep()).toMatchObject({ deleted: 0 });
    expect(await loader.tracker.waitingFiles('public.t', 10)).toHaveLength(2);
  });

  it('are not sealed by a writer that was asleep: it writes them again', async () => {
    const sleeping = consumerOf({
      objects: new Proxy(objects, {
        get: (target, name) => {
          if (name !== 'write') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name);
          return async (...args: Parameters<ObjectStore['write']>) => {
            const written = await target.write(...args);
            now += 2 * HOUR;
            return written;
          };
        },
      }),
    });
    await expect(consume(sleeping, '1')).rejects.toMatchObject({ code: 'chunks-stale', class: 'transient' });
    expect((await seals.seal(STREAM, 'shard')).position).toBeNull();
    await consume(consumerOf(), '1');
    expect((await seals.seal(STREAM, 'shard')).position).toBe('1-1');
  });

  it('leave alone what no consumer of this kind has written', async () => {
    const { control } = loader.settings;
    const place = { target: 'public.t', columns: '0'.repeat(16) };
    await objects.write(chunkKeyOf(control, place, { id: ulid(now, new Uint8Array(16)), ending: '' }), 'old');
    now += 48 * HOUR;
    expect(await sweep()).toMatchObject({ looked: 1, deleted: 0 });
  });
});
