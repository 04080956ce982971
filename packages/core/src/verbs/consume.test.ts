import {
  MemoryObjectStore,
  MemorySeals,
  MemoryStream,
  MemoryTracker,
  MemoryWakeQueue,
} from '@millrace/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Transforms } from '../event/apply-transforms.ts';
import { readChunkKey } from '../event/chunk-key.ts';
import { ColumnLists } from '../event/column-list.ts';
import { fact, type Transform } from '../event/transform.ts';
import type { MergeRule } from '../load/merge-rule.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { DEFAULT_RETRY } from '../recover/retry-policy.ts';
import { announceSeals } from './announce-seals.ts';
import { type Consumer, openShard, sealShard, takeRecords } from './consume.ts';
import type { Loader } from './loader.ts';

/**
 * Consumers that die at any call of a port, before or after it took effect, two at a time, that cut the stream anywhere
 * and have other transforms each time, over splits and merges: every record is in an announced chunk, or in the rejects,
 * once.
 */

const CONTROL = { bucket: 'millrace', key: 'own/' };
const STREAM = 'events';

const RULE: MergeRule = {
  mode: 'append',
  key: [],
  latestBy: [],
  tombstone: null,
  nullKeys: 'reject',
  columns: null,
  onRewrite: 'quarantine',
};

/** Rows of one table or of two, with one column or with two; every seventh event is refused. */
function transformOf(version: number): Transform {
  return (event) => {
    const n = Number(event.data);
    if (n % 7 === 3) throw new Error('refused');
    const target = version % 2 === 0 || n % 2 === 0 ? 'public.a' : 'public.b';
    return fact(target, version % 3 === 0 ? { n } : { n, version });
  };
}

class Death extends Error {}

/** Ports that work for so many calls; the last one does its work and does not come back, or does nothing. */
class Life {
  #left: number;
  readonly #isLastDone: boolean;

  constructor(calls: number, isLastDone: boolean) {
    this.#left = calls;
    this.#isLastDone = isLastDone;
  }

  of<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => this.#call(() => Reflect.apply(value, target, args));
      },
    });
  }

  async #call(body: () => unknown): Promise<unknown> {
    this.#left -= 1;
    if (this.#left < 0) throw new Death();
    // Others get a turn before and behind every call.
    await Promise.resolve();
    if (this.#left > 0) return body();
    if (this.#isLastDone) await body();
    throw new Death();
  }
}

class World {
  readonly stream = new MemoryStream({ shards: 2, now: () => this.now });
  readonly seals = new MemorySeals();
  readonly objects = new MemoryObjectStore({ now: () => this.now });
  readonly tracker = new MemoryTracker();
  readonly wakes = new MemoryWakeQueue();
  now = 1_000_000;
  sent = 0;
  #chance = 0;

  consumer(version: number, life: Life): Consumer {
    const objects = life.of(this.objects);
    return {
      stream: STREAM,
      seals: life.of(this.seals),
      objects,
      columnLists: new ColumnLists(objects, CONTROL),
      transforms: new Transforms(
        new Map([['n', transformOf(version)]]),
        new Map([
          ['public.a', RULE],
          ['public.b', RULE],
        ]),
      ),
      control: CONTROL,
      packing: { ending: '', pack: async (pieces) => Buffer.concat(pieces) },
      now: () => this.now,
      random: () => {
        this.#chance += 1;
        return Buffer.from(String(this.#chance).padStart(16, '0'));
      },
    };
  }

  loader(life: Life): Loader {
    const definition = { after: { kind: 'keep' } } as TargetDefinition;
    return {
      tracker: life.of(this.tracker),
      objects: life.of(this.objects),
      wakes: life.of(this.wakes),
      targets: new Map([
        ['public.a', definition],
        ['public.b', definition],
      ]),
      routesOf: () => [],
      settings: { control: CONTROL, retry: DEFAULT_RETRY } as Loader['settings'],
      now: () => this.now,
      random: () => new Uint8Array(16),
      onEvent: () => {},
      warehouse: {} as Loader['warehouse'],
    };
  }

  async send(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const data = this.sent;
      this.sent += 1;
      return { id: `id-${data % 50}`, type: 'n', time: '2026-01-01T00:00:00Z', data };
    });
    await this.stream.put(
      events.map((event) => ({ partitionKey: event.id, data: Buffer.from(JSON.stringify(event)) })),
    );
  }

  /** Consumes what there is, as far as it lives. */
  async consume({ version, page, flush, isReplay, life }: Attempt & { life: Life }): Promise<void> {
    const consumer = this.consumer(version, life);
    const ended = new Set<string>();
    const shards = await this.stream.shards();
    for (const { id, parents } of shards) {
      if (parents.some((parent) => !ended.has(parent))) continue;
      let hand = await openShard(consumer, id);
      // A redelivered batch begins before what is sealed.
      let after = isReplay ? null : hand.sealed;
      for (let isDone = hand.isEnded; !isDone; ) {
        const read = await this.stream.read(id, { after, maxRecords: page });
        after = read.records.at(-1)?.position ?? after;
        await takeRecords(consumer, hand, read.records);
        isDone = read.records.length === 0;
        if (!isDone && hand.buffer.events < flush) continue;
        const outcome = await sealShard(consumer, hand, { isEnded: read.isEnd });
        if (outcome.kind === 'lost') {
          hand = await openShard(consumer, id);
          after = hand.sealed;
          isDone = hand.isEnded;
        } else {
          hand = outcome.hand;
        }
      }
      if (hand.isEnded) ended.add(id);
    }
  }

  announce(life: Life) {
    return announceSeals(this.loader(life), { seals: life.of(this.seals), stream: STREAM });
  }

  async split(): Promise<void> {
    const open = await this.#open();
    const [first] = open;
    if (first !== undefined && open.length < 6) this.stream.split(first);
  }

  async merge(): Promise<void> {
    const [one, other] = await this.#open();
    if (one !== undefined && other !== undefined) this.stream.merge(one, other);
  }

  async #open(): Promise<string[]> {
    const shards = await this.stream.shards();
    const parents = new Set(shards.flatMap((shard) => shard.parents));
    return shards.map(({ id }) => id).filter((id) => !parents.has(id));
  }

  /** The numbers in all announced chunks, and in all rejects that people see. */
  async found(): Promise<number[]> {
    const numbers: number[] = [];
    for (const target of ['public.a', 'public.b']) {
      for (const { file } of await this.tracker.waitingFiles(target, 100_000)) {
        const { columns } = readChunkKey(CONTROL, file.identity) ?? { columns: '' };
        const at = (await new ColumnLists(this.objects, CONTROL).find(columns)).indexOf('n');
        const text = await this.#text(file.identity.key);
        numbers.push(
          ...text
            .trim()
            .split('\n')
            .map((line) => Number(line.split(',')[at])),
        );
      }
    }
    for await (const { key } of this.objects.list({
      bucket: CONTROL.bucket,
      prefix: `${CONTROL.key}rejects/`,
    })) {
      const lines = (await this.#text(key)).trim().split('\n');
      numbers.push(...lines.map((line) => JSON.parse(JSON.parse(line).event).data as number));
    }
    return numbers.sort((a, b) => a - b);
  }

  async #text(key: string): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const part of await this.objects.read({ bucket: CONTROL.bucket, key })) parts.push(part);
    return Buffer.concat(parts).toString();
  }
}

const forEver = () => new Life(Number.MAX_SAFE_INTEGER, true);

async function survive(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Death)) throw error;
  });
}

interface Attempt {
  readonly version: number;
  readonly page: number;
  readonly flush: number;
  readonly isReplay: boolean;
}

const attempt = fc.record({
  isReplay: fc.boolean(),
  version: fc.nat(5),
  page: fc.integer({ min: 1, max: 40 }),
  flush: fc.integer({ min: 1, max: 60 }),
  calls: fc.integer({ min: 1, max: 40 }),
  isLastDone: fc.boolean(),
});
const action = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant('consume' as const), by: fc.array(attempt, { minLength: 1, maxLength: 2 }) }),
  fc.record({
    kind: fc.constant('announce' as const),
    calls: fc.integer({ min: 1, max: 20 }),
    isLastDone: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('split' as const) }),
  fc.record({ kind: fc.constant('merge' as const) }),
);

describe('records of a stream', () => {
  it('are each in one announced chunk or in the rejects, whoever died where', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 25 }), async (actions) => {
        const world = new World();
        for (const one of actions) {
          world.now += 1_000;
          if (one.kind === 'send') await world.send(one.count);
          else if (one.kind === 'split') await world.split();
          else if (one.kind === 'merge') await world.merge();
          else if (one.kind === 'announce')
            await survive(world.announce(new Life(one.calls, one.isLastDone)));
          else {
            const attempts = one.by.map(({ calls, isLastDone, ...rest }) =>
              survive(world.consume({ ...rest, life: new Life(calls, isLastDone) })),
            );
            await Promise.all(attempts);
          }
        }
        await world.consume({ version: 1, page: 100, flush: 100, isReplay: true, life: forEver() });
        await world.announce(forEver());
        expect(await world.found()).toEqual(Array.from({ length: world.sent }, (_, n) => n));
        expect(await world.seals.unannounced(STREAM)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
