import type { SealedChunk, Seals } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { Opened, WithPort } from './opened.ts';

const STREAM = 'events';

/** A chunk as the consumer registers it. */
function chunk(name: string, fields: Partial<SealedChunk> = {}): SealedChunk {
  return {
    bucket: 'millrace',
    key: `loads/public.views/0123456789abcdef/${name}.csv.zst`,
    etag: `etag-${name}`,
    size: 100,
    writtenAt: 2_000,
    arrivedAt: 1_000,
    rows: 3,
    ...fields,
  };
}

/** What every adapter that keeps seals keeps. */
export function sealsContract(name: string, open: () => Promise<Opened<Seals>>): void {
  const withSeals: WithPort<Seals> = (body) => async () => {
    const { port, close } = await open();
    try {
      await body(port);
    } finally {
      await close?.();
    }
  };

  describe(`${name} keeps the Seals contract`, () => {
    it(
      'begins at nothing',
      withSeals(async (seals) => {
        expect(await seals.seal(STREAM, 'a')).toEqual({
          shard: 'a',
          position: null,
          isEnded: false,
          chunks: [],
        });
        expect(await seals.unannounced(STREAM)).toEqual([]);
      }),
    );

    it(
      'moves from where it is, and registers the chunks with it',
      withSeals(async (seals) => {
        const chunks = [chunk('one'), chunk('two', { rows: 0 })];
        expect(await seals.move(STREAM, { shard: 'a', from: null, to: '5', chunks })).toBe(true);
        const seal = { shard: 'a', position: '5', isEnded: false, chunks };
        expect(await seals.seal(STREAM, 'a')).toEqual(seal);
        expect(await seals.unannounced(STREAM)).toEqual([seal]);
        expect(await seals.move(STREAM, { shard: 'a', from: '5', to: '9', chunks: [chunk('three')] })).toBe(
          true,
        );
        expect(await seals.seal(STREAM, 'a')).toEqual({
          ...seal,
          position: '9',
          chunks: [...chunks, chunk('three')],
        });
      }),
    );

    it(
      'moves from nowhere else, and registers nothing then',
      withSeals(async (seals) => {
        await seals.move(STREAM, { shard: 'a', from: null, to: '5', chunks: [] });
        for (const from of [null, '4', '6']) {
          expect(await seals.move(STREAM, { shard: 'a', from, to: '7', chunks: [chunk('late')] })).toBe(
            false,
          );
        }
        expect(await seals.seal(STREAM, 'a')).toEqual({
          shard: 'a',
          position: '5',
          isEnded: false,
          chunks: [],
        });
      }),
    );

    it(
      'lets one of many movers through',
      withSeals(async (seals) => {
        const moves = Array.from({ length: 20 }, (_, n) =>
          seals.move(STREAM, { shard: 'a', from: null, to: `5.${n}`, chunks: [chunk(`by-${n}`)] }),
        );
        const moved = (await Promise.all(moves))
          .map((isMoved, n) => (isMoved ? n : -1))
          .filter((n) => n >= 0);
        expect(moved).toHaveLength(1);
        const { position, chunks } = await seals.seal(STREAM, 'a');
        expect(position).toBe(`5.${moved[0]}`);
        expect(chunks).toEqual([chunk(`by-${moved[0]}`)]);
      }),
    );

    it(
      'forgets announced chunks by key, and keeps the others and the position',
      withSeals(async (seals) => {
        const [one, two, three] = [chunk('one'), chunk('two'), chunk('three')];
        await seals.move(STREAM, { shard: 'a', from: null, to: '5', chunks: [one, two] });
        await seals.move(STREAM, { shard: 'a', from: '5', to: '6', chunks: [three] });
        await seals.markAnnounced(STREAM, 'a', [one.key, three.key, 'loads/unknown']);
        expect(await seals.seal(STREAM, 'a')).toEqual({
          shard: 'a',
          position: '6',
          isEnded: false,
          chunks: [two],
        });
        await seals.markAnnounced(STREAM, 'a', [one.key, two.key]);
        await seals.markAnnounced(STREAM, 'never', [one.key]);
        expect(await seals.unannounced(STREAM)).toEqual([]);
        expect((await seals.seal(STREAM, 'a')).position).toBe('6');
      }),
    );

    it(
      'keeps chunks that are registered while others are announced',
      withSeals(async (seals) => {
        await seals.move(STREAM, { shard: 'a', from: null, to: '1', chunks: [chunk('first')] });
        await Promise.all([
          seals.markAnnounced(STREAM, 'a', [chunk('first').key]),
          seals.move(STREAM, { shard: 'a', from: '1', to: '2', chunks: [chunk('second')] }),
        ]);
        const { position, chunks } = await seals.seal(STREAM, 'a');
        expect({ position, chunks }).toEqual({ position: '2', chunks: [chunk('second')] });
      }),
    );

    it(
      'knows shards and streams apart, and which shards have ended',
      withSeals(async (seals) => {
        await seals.move(STREAM, { shard: 'a', from: null, to: '1', chunks: [], isEnded: true });
        await seals.move(STREAM, { shard: 'b', from: null, to: null, chunks: [], isEnded: true });
        await seals.move('other', { shard: 'a', from: null, to: '8', chunks: [chunk('other')] });
        expect(await seals.seal(STREAM, 'a')).toMatchObject({ position: '1', isEnded: true });
        expect(await seals.seal(STREAM, 'b')).toMatchObject({ position: null, isEnded: true });
        expect(await seals.unannounced(STREAM)).toEqual([]);
        expect((await seals.unannounced('other')).map(({ position }) => position)).toEqual(['8']);
      }),
    );

    it(
      'holds the chunks of a flush of many tables',
      withSeals(async (seals) => {
        const chunks = Array.from({ length: 500 }, (_, n) => chunk(`table-${n}`));
        await seals.move(STREAM, { shard: 'a', from: null, to: '1', chunks });
        expect((await seals.seal(STREAM, 'a')).chunks).toEqual(chunks);
      }),
    );
  });
}
